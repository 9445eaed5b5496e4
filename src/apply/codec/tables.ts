/** The measures of codecs as tables, for a terminal and for a report. */

import type { Compression } from "../../metrics/compression.ts";
import type { Manipulation } from "../../metrics/manipulations.ts";
import { type QualitySummary, summariseQuality } from "../../metrics/pictures.ts";
import { psnr } from "../../metrics/psnr.ts";
import type { Summary } from "../../metrics/summary.ts";
import type { Cell } from "../../report/table.ts";
import type { CodecEvaluation } from "./data_evaluation.ts";

/** A table with a header line. */
export interface Table {
  header: string[];
  rows: Cell[][];
}

/** The quality of reconstructions, a row for each data file: means over its images ± standard deviations. */
export function qualityTable(evaluations: readonly CodecEvaluation[]): Table {
  const summaries = evaluations.map(({ images }) => summariseQuality(images));
  return {
    header: [
      ...["data", "images", "sides", "PSNR in dB", "SSIM", msSsimName(summaries), "absolute error"],
      ...(hasFid(evaluations) ? ["FID"] : []),
    ],
    rows: evaluations.map(({ name, info, fid }, index) => {
      const quality = summaries[index]!;
      const sides = `${info.height} × ${info.width}`;
      const cells = [name, quality.images, sides, ...qualityCells(quality, summaries)];
      return fid === undefined ? cells : [...cells, fid.toFixed(2)];
    }),
  };
}

/** Whether the Fréchet Inception Distance was measured. */
export function hasFid([first]: readonly CodecEvaluation[]): boolean {
  return first!.fid !== undefined;
}

function qualityCells(quality: QualitySummary, all: readonly QualitySummary[]): Cell[] {
  return [
    meanText(quality.psnr, 2) ?? (quality.identical > 0 ? "infinite" : null),
    meanText(quality.ssim, 4),
    msSsimText(quality, all),
    meanText(quality.absoluteError, 2),
  ];
}

/** The column's name; it includes the number of scales if that is the same for all files. */
function msSsimName(summaries: readonly QualitySummary[]): string {
  const [scales, ...others] = new Set(summaries.map((each) => each.scales));
  return others.length > 0 ? "MS-SSIM" : `MS-SSIM, ${scalesText(scales!)}`;
}

function msSsimText(quality: QualitySummary, all: readonly QualitySummary[]): string | null {
  const text = meanText(quality.msSsim, 4);
  const differ = new Set(all.map(({ scales }) => scales)).size > 1;
  return text !== null && differ ? `${text}, ${scalesText(quality.scales)}` : text;
}

function scalesText(scales: number): string {
  return scales === 1 ? "1 scale" : `${scales} scales`;
}

/** The use of the codebooks, a row for each data file and codebook. */
export function codebookTable(evaluations: readonly CodecEvaluation[]): Table {
  return {
    header: ["data", "codebook", "indices", "codes", "codes in use", "perplexity", "entropy in bits"],
    rows: evaluations.flatMap(({ name, books }) =>
      Object.entries(books).map(([level, book]) => [
        name,
        level,
        book.total,
        book.counts.length,
        `${book.used} (${(100 * book.used / book.counts.length).toFixed(1)} %)`,
        book.perplexity.toFixed(2),
        book.entropy.toFixed(3),
      ])
    ),
  };
}

/** The compression, a column for each data file. */
export function compressionTable(evaluations: readonly CodecEvaluation[]): Table {
  const all = evaluations.map(({ compression }) => compression);
  const row = (name: string, of: (compression: Compression) => Cell): Cell[] => [name, ...all.map(of)];
  return {
    header: ["compression", ...evaluations.map(({ name }) => name)],
    rows: [
      row("input values an index", (of) => of.valuesPerIndex.toFixed(1)),
      row("bits a pixel: the file's numbers", (of) => of.sourceBitsPerPixel),
      row("bits a pixel: pictures of 8 bits", (of) => Number(of.pictureBitsPerPixel.toFixed(2))),
      row("bits a pixel: plain indices", (of) => of.plainBitsPerPixel.toFixed(4)),
      row("bits a pixel: order-0 bound", (of) => of.orderZeroBitsPerPixel.toFixed(4)),
      row("file over plain indices", (of) => ratioText(of.sourceBitsPerPixel, of.plainBitsPerPixel)),
      row("pictures over plain indices", (of) => ratioText(of.pictureBitsPerPixel, of.plainBitsPerPixel)),
      row("pictures over order-0 bound", (of) => ratioText(of.pictureBitsPerPixel, of.orderZeroBitsPerPixel)),
    ],
  };
}

/** A ratio of bits. Codes that are all equal take no bits, so that the ratio is infinite. */
function ratioText(bits: number, fewer: number): string {
  return fewer > 0 ? (bits / fewer).toFixed(1) : "infinite";
}

/** Reconstructions of changed images against the changed images, and the PSNR of both against the unchanged images. */
export function manipulationTable(evaluations: readonly CodecEvaluation[]): Table {
  const summaries = evaluations.map(({ images }) => summariseQuality(images));
  const header = ["data", "given", "PSNR in dB", "SSIM", msSsimName(summaries), "absolute error"];
  return {
    header: [...header, "given : unchanged", "reconstructed : unchanged"],
    rows: evaluations.flatMap(({ name, manipulated }, index) => {
      const unchanged = summaries[index]!;
      return [
        [name, "unchanged", ...qualityCells(unchanged, summaries), null, decibels(unchanged.overallPsnr)],
        ...manipulated.map(({ manipulation, images, inputError, reconstructionError }) => [
          name,
          manipulationLabel(manipulation),
          ...qualityCells(summariseQuality(images), summaries),
          decibels(psnr(inputError)),
          decibels(psnr(reconstructionError)),
        ]),
      ];
    }),
  };
}

/** A manipulation's name, followed by its strength unless that is 1. */
export function manipulationLabel({ name, strength }: Manipulation): string {
  return strength === 1 ? name : `${name} × ${strength}`;
}

/** Decibels with two decimals. */
export function decibels(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "infinite";
}

function meanText(summary: Summary | null, digits: number): string | null {
  return summary && `${summary.mean.toFixed(digits)} ± ${summary.deviation.toFixed(digits)}`;
}
