/** The report on a codec: tables, histograms, and its best, median and worst images. */

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
import type { CodecEvaluation, CodecOutcome, Example } from "./evaluate.ts";

const aboutQuality =
  "Means over the images ± standard deviations, on pixels of 8 bits. Gray images that a file or the codec repeats to three " +
  "channels count once, and their reconstruction is the mean of the codec's three. SSIM and MS-SSIM have the standard window of " +
  "11 × 11 pixels; MS-SSIM has five scales where they fit. Absolute errors are in levels of 255.";
const aboutCompression =
  "“Values an index” counts input values whatever they take, as the original repository does. Bits a pixel are those of the " +
  "file's own numbers, of the images as pictures of 8 bits, of indices as they are (⌈log2 codes⌉ bits each), and the order-0 bound: the " +
  "entropy of how often each code occurs, below which no code gets that writes each index by itself.";
const aboutManipulations =
  "Measures are of reconstructions against the changed images that the codec was given. The last two columns are the PSNR, in dB, of the " +
  "mean squared errors of what was given and of what was reconstructed against the unchanged images.";

/** One HTML file. */
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
      figures: [[{ caption: "what the codec was given, over what it made of it", source, isWide: true }]],
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
  return [[{ caption: "how often images reach which quality", source, isWide: true }]];
}

function exampleFigures(example: Example, caption: string, factor: number): ReportFigure[] {
  return [
    { caption, source: dataUrl(pictureOf(example.original)) },
    { caption: "reconstruction", source: dataUrl(pictureOf(example.reconstruction)) },
    { caption: `error map × ${factor}`, source: dataUrl(errorMap(example, factor)) },
  ];
}

/** A sheet of the median image of each data file: unchanged and changed, over what the codec makes of it. */
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
