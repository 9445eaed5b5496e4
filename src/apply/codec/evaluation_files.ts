/** The output of an evaluation of codecs: tables for a terminal, and its files. */

import { join } from "node:path";
import { writeFileAtomic } from "../../io/atomic.ts";
import type { CodeCounts } from "../../metrics/codes.ts";
import type { Compression } from "../../metrics/compression.ts";
import { type PictureQuality, type QualitySummary, summariseQuality } from "../../metrics/pictures.ts";
import { psnr } from "../../metrics/psnr.ts";
import { textTable } from "../../report/table.ts";
import { manipulatedSheet, renderCodecReport } from "./report.ts";
import {
  codebookTable,
  compressionTable,
  hasFid,
  manipulationTable,
  qualityTable,
  type Table,
} from "./tables.ts";
import type { CodecEvaluation, ManipulatedQuality } from "./data_evaluation.ts";
import type { CodecOutcome, EvaluateCodecOptions } from "./evaluate.ts";
import { aboutFid } from "./fid.ts";
import { jsonText } from "../json_text.ts";

/** The measures as tables for a terminal. */
export function describeCodecEvaluation({ model, evaluations }: CodecOutcome): string {
  const show = ({ header, rows }: Table) => textTable(header, rows);
  const parts = [
    `${model}: means over the images ± standard deviations, on pixels of 8 bits`,
    show(qualityTable(evaluations)),
    ...(hasFid(evaluations) ? [aboutFid] : []),
    show(codebookTable(evaluations)),
    show(compressionTable(evaluations)),
  ];
  if (evaluations[0]!.manipulated.length > 0) {
    parts.push(
      "Changed images: reconstructions against the changed images; then the PSNR of both against the unchanged images",
      show(manipulationTable(evaluations)),
    );
  }
  return parts.join("\n\n");
}

/** The content of evaluation.json. Infinite numbers are null; `identical_images` counts the images that cause them. */
export function codecJson(
  { model, configuration, evaluations, adapter }: CodecOutcome,
  { seed, manipulations }: EvaluateCodecOptions,
  versions: Record<string, string>,
): Record<string, unknown> {
  return {
    kind: "codec",
    model,
    configuration,
    data_sets: evaluations.map((each) => ({
      name: each.name,
      data: each.info.path,
      height: each.info.height,
      width: each.info.width,
      dtype: each.info.dtype,
      file_channels: each.info.fileChannels,
      ...qualityJson(summariseQuality(each.images)),
      ...(each.fid === undefined ? {} : { frechet_inception_distance: each.fid }),
      codebooks: { top: codebookJson(each.books.top), bottom: codebookJson(each.books.bottom) },
      compression: compressionJson(each.compression),
      best_image: each.examples.best.index,
      median_image: each.examples.median.index,
      worst_image: each.examples.worst.index,
      manipulations: each.manipulated.map(manipulatedJson),
    })),
    ...(manipulations.length > 0 ? { seed } : {}),
    versions,
    adapter_used: adapter,
  };
}

function qualityJson(quality: QualitySummary): Record<string, unknown> {
  return {
    images: quality.images,
    identical_images: quality.identical,
    psnr: quality.psnr,
    psnr_of_mean_squared_error: finite(quality.overallPsnr),
    ssim: quality.ssim,
    ms_ssim: quality.msSsim,
    ms_ssim_scales: quality.scales,
    absolute_error: quality.absoluteError,
  };
}

function manipulatedJson(each: ManipulatedQuality): Record<string, unknown> {
  return {
    ...each.manipulation,
    ...qualityJson(summariseQuality(each.images)),
    psnr_of_input_against_unchanged: finite(psnr(each.inputError)),
    psnr_of_reconstruction_against_unchanged: finite(psnr(each.reconstructionError)),
  };
}

function codebookJson(book: CodeCounts): Record<string, unknown> {
  const { total, used, perplexity, entropy, counts } = book;
  return {
    codes: counts.length,
    indices: total,
    used,
    usage: used / counts.length,
    perplexity,
    entropy_bits: entropy,
    counts: [...counts],
  };
}

function compressionJson(of: Compression): Record<string, unknown> {
  const ratios = (bits: number) => ({
    plain: bits / of.plainBitsPerPixel,
    order_0_bound: finite(bits / of.orderZeroBitsPerPixel),
  });
  return {
    values_per_index: of.valuesPerIndex,
    bits_per_pixel: {
      file: of.sourceBitsPerPixel,
      picture: of.pictureBitsPerPixel,
      plain_indices: of.plainBitsPerPixel,
      order_0_bound: of.orderZeroBitsPerPixel,
    },
    ratio_file: ratios(of.sourceBitsPerPixel),
    ratio_picture: ratios(of.pictureBitsPerPixel),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

const measures: readonly [name: string, of: (image: PictureQuality) => number | null][] = [
  ["psnr", (image) => image.psnr],
  ["ssim", (image) => image.ssim],
  ["ms_ssim", (image) => image.msSsim],
  ["absolute_error", (image) => image.absoluteError],
  ["squared_error", (image) => image.squaredError],
];

/**
 * The content of images.csv, a row for each image: its file, its index there, and its measures without and with
 * changes.
 */
export function imagesCsv(evaluations: readonly CodecEvaluation[]): string {
  const { manipulated } = evaluations[0]!;
  const suffixes = manipulated.map(({ manipulation: { name, strength } }) =>
    `_${name}${strength === 1 ? "" : `:${strength}`}`
  );
  const names = ["", ...suffixes].flatMap((suffix) => measures.map(([name]) => name + suffix));
  const lines = [["data", "index", ...names].join(",")];
  for (const evaluation of evaluations) {
    const all = [evaluation.images, ...evaluation.manipulated.map(({ images }) => images)];
    for (let index = 0; index < evaluation.images.length; index++) {
      const values = all.flatMap((images) => measures.map(([, of]) => csvNumber(of(images[index]!))));
      lines.push([csvText(evaluation.name), index, ...values].join(","));
    }
  }
  return lines.join("\n") + "\n";
}

function csvNumber(value: number | null): string {
  return value === null ? "" : Number.isFinite(value) ? String(value) : "inf";
}

function csvText(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Writes report.html, images.csv, evaluation.json and, if there were manipulations, manipulated.png into a folder,
 * which is created if necessary.
 *
 * @throws {DataError} if a file cannot be written; one line that names it
 */
export async function saveCodecEvaluation(
  save_path: string,
  outcome: CodecOutcome,
  json: Record<string, unknown>,
): Promise<void> {
  const files: [name: string, content: string | Uint8Array][] = [
    ["report.html", await renderCodecReport(outcome)],
    ["images.csv", imagesCsv(outcome.evaluations)],
    ["evaluation.json", jsonText(json)],
  ];
  if (outcome.evaluations[0]!.manipulated.length > 0) {
    files.push(["manipulated.png", await manipulatedSheet(outcome)]);
  }
  for (const [name, content] of files) {
    await writeFileAtomic(join(save_path, name), content, { makeFolder: true });
  }
}
