/** The report on a codec: tables, histograms, and the best, median and worst images. */

import { differenceFactor, errorMap, pictureOf } from "../../report/error_map.ts";
import { renderHistograms } from "../../report/histogram.ts";
import { renderReport, type ReportFigure, type ReportSection } from "../../report/html.ts";
import { dataUrl, renderSheet, type Sheet } from "../../report/sheet.ts";
import {
  codebookTable,
  compressionTable,
  decibels,
  hasFid,
  manipulationLabel,
  manipulationTable,
  qualityTable,
} from "./tables.ts";
import { aboutFid } from "./fid.ts";
import type { CodecEvaluation, Example } from "./data_evaluation.ts";
import type { CodecOutcome } from "./evaluate.ts";

const aboutQuality =
  "Means over the images ± standard deviations, on pixels of 8 bits. Grey images that a file or the reader repeats in three " +
  "channels count as one channel, and their reconstruction is the mean of the codec's three. SSIM and MS-SSIM use the standard " +
  "window of 11 × 11 pixels; MS-SSIM uses five scales if the images are large enough. Absolute errors are in levels of 0 to 255.";
const aboutCompression =
  "“Input values an index” counts values without regard to their bits, as the original repository does. Bits a pixel are given " +
  "for the file's own numbers, for the images as pictures of 8 bits, for plain indices (⌈log2 codes⌉ bits each), and for the " +
  "order-0 bound, the entropy of the codes' frequencies: no coding that treats each index independently needs fewer bits.";
const aboutManipulations =
  "The measures compare reconstructions with the changed images from which they were made. The last two columns are the PSNR in " +
  "dB, by mean squared errors, of the changed images and of their reconstructions against the unchanged images.";

/** The content of report.html, one file that loads nothing else. */
export async function renderCodecReport(outcome: CodecOutcome): Promise<string> {
  const { model, configuration, evaluations } = outcome;
  const { first_stride, second_stride, n_embed, embed_dim } = configuration;
  const sections: ReportSection[] = [
    {
      heading: "Quality",
      paragraphs: hasFid(evaluations) ? [aboutQuality, aboutFid] : [aboutQuality],
      tables: [qualityTable(evaluations)],
    },
    {
      heading: "Compression",
      paragraphs: [aboutCompression],
      tables: [compressionTable(evaluations), codebookTable(evaluations)],
    },
  ];
  if (evaluations[0]!.manipulated.length > 0) {
    const source = `data:image/png;base64,${(await manipulatedSheet(outcome)).toBase64()}`;
    sections.push({
      heading: "Changed images",
      paragraphs: [aboutManipulations],
      tables: [manipulationTable(evaluations)],
      figures: [[{ caption: "what the codec was given, above its reconstructions", source, isWide: true }]],
    });
  }
  for (const evaluation of evaluations) sections.push(await imagesSection(evaluation));
  return renderReport({
    title: "Reconstruction quality",
    paragraphs: [
      `${model}: strides ${first_stride} and ${second_stride}, two codebooks of ${n_embed} codes of length ${embed_dim}.`,
    ],
    sections,
  });
}

async function imagesSection({ name, images, examples }: CodecEvaluation): Promise<ReportSection> {
  const shown = Object.entries(examples);
  const factor = differenceFactor(shown.map(([, example]) => example));
  return {
    heading: name,
    figures: [
      ...await histograms(images),
      ...shown.map(([rank, example]) => {
        const { index } = example;
        const caption = `${rank}: image ${index}, ${decibels(images[index]!.psnr)} dB`;
        return exampleFigures(example, caption, factor);
      }),
    ],
    factor,
  };
}

async function histograms(images: CodecEvaluation["images"]): Promise<ReportFigure[][]> {
  const values = (pick: (image: typeof images[number]) => number | null) =>
    images.map(pick).filter((value): value is number => value !== null && Number.isFinite(value));
  const panels = [
    { title: "PSNR", xLabel: "PSNR in dB", values: values(({ psnr }) => psnr) },
    { title: "SSIM", xLabel: "SSIM", values: values(({ ssim }) => ssim) },
  ].filter((panel) => panel.values.length > 0);
  if (panels.length === 0) return [];
  const source = `data:image/png;base64,${(await renderHistograms(panels)).toBase64()}`;
  return [[{ caption: "the number of images by quality", source, isWide: true }]];
}

function exampleFigures(example: Example, caption: string, factor: number): ReportFigure[] {
  return [
    { caption, source: dataUrl(pictureOf(example.original)) },
    { caption: "reconstruction", source: dataUrl(pictureOf(example.reconstruction)) },
    { caption: `error map × ${factor}`, source: dataUrl(errorMap(example, factor)) },
  ];
}

/** The content of manipulated.png: each data file's median image, unchanged and changed, above its reconstructions. */
export async function manipulatedSheet({ evaluations }: CodecOutcome): Promise<Uint8Array> {
  const labels = evaluations[0]!.manipulated.map(({ manipulation }) => manipulationLabel(manipulation));
  const rows: Sheet["rows"] = evaluations.flatMap(({ name, examples, manipulatedExamples }) => {
    const all = [examples.median, ...manipulatedExamples];
    const of = evaluations.length > 1 ? `${name}: ` : "";
    return [
      { name: `${of}given`, pictures: all.map(({ original }) => pictureOf(original)) },
      { name: `${of}reconstructed`, pictures: all.map(({ reconstruction }) => pictureOf(reconstruction)) },
    ];
  });
  return await renderSheet({
    title: "Changed images and their reconstructions",
    columns: ["unchanged", ...labels],
    rows,
  });
}
