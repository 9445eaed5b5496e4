/** Readers for the goldens of this folder: results of PyTorch, written by make.py, that tests compare with. */

import { elementCount } from "../../src/graph/layout.ts";
import { keyOf, normalArray, randomUniform, uniformArray } from "../../src/random.ts";

/** A sampled array: of its row-major elements, only 0, step, 2·step, … are kept. The step of a whole array is 1. */
export interface GoldenArray {
  shape: number[];
  step: number;
  values: Float32Array<ArrayBuffer>;
  /** The sum of the squares of all elements, kept or not, in float64. */
  sumOfSquares: number;
}

/** The results of one operation case. */
export interface OperationGolden {
  operation: string;
  name: string;
  /** For each input, the first 16 hexadecimal digits of the SHA-256 of its float32 bytes. */
  inputs: string[];
  outputs: Record<string, GoldenArray>;
  /** The gradient of Σ output·caseWeights with respect to each input; empty if the operation has no gradient. */
  gradients: GoldenArray[];
}

/** The Euclidean norm of a tensor, and its dot product with uniform [−1, 1) numbers from the stream of its key. */
export interface Checksum {
  norm: number;
  dot: number;
}

/** Checksums of a tensor before and after training. */
export interface GoldenTensor {
  /** The key in the state dict, without a prefix. */
  name: string;
  shape: number[];
  initial: Checksum;
  /** After the last step. */
  final: Checksum;
}

/** Checksums of a trained tensor and of its gradient. */
export interface GoldenParameter extends GoldenTensor {
  /** The gradient of the loss of the first step. */
  gradient: Checksum;
  /** The complete gradient of the first step; only for one of the models. */
  values?: GoldenArray;
}

/** The measures of one training step, from before its update. */
export interface GoldenStep {
  loss: number;
  recon_loss: number;
  diff_t: number;
  diff_b: number;
  perplexity_t: number;
  perplexity_b: number;
}

/** A training of a few steps. */
export interface TrainingGolden {
  name: string;
  /** Under the names of the command line's options (first_stride, embed_dim, …), and in_channel. */
  configuration: Record<string, number>;
  images: ImageSet;
  /** Even steps (from 0) train on images 0 … batch − 1, odd ones on batch … 2·batch − 1. */
  batch: number;
  learning_rate: number;
  /** `zip` and `legacy`: the initial weights are in `NAME.pt`. `hash`: {@linkcode hashState} generates them. */
  format: "zip" | "legacy" | "hash";
  /** The prefix of every key in `NAME.pt`. */
  prefix?: string;
  start: "zero" | "used";
  gain: number;
  codebook_scale?: number;
  steps: GoldenStep[];
  /**
   * The relative deviation of the same run in float32, at its worst step. `codes` is the number of different codes in
   * each step; `smallest_gap` is how close any vector comes to a tie, relative to the squared lengths in its
   * distance.
   */
  float32_deviation: GoldenStep & { codes: number[]; smallest_gap: number };
  /** The codes of the first step, [B, h, w] for each level. */
  codes: { t: GoldenArray; b: GoldenArray };
  /** The reconstruction of the first step, [B, C, H, W]. */
  reconstruction: GoldenArray;
  parameters: GoldenParameter[];
  buffers: GoldenTensor[];
}

/** A set of images in this folder. */
export type ImageSet = "fashion32" | "fashion64" | "brain128";

/** The URL of a file in this folder. */
export function goldenPath(name: string): URL {
  return new URL(name, import.meta.url);
}

/** The goldens of test/operation_cases.ts, in the order of that table. */
export function readOperationGoldens(): Promise<OperationGolden[]> {
  return readIndex("operations", "cases");
}

/** The goldens of training. */
export function readTrainingGoldens(): Promise<TrainingGolden[]> {
  return readIndex("training", "models");
}

/** The results of the codec in `NAME.pt` for the images of the first step of its training golden. */
export interface LatentGolden {
  name: string;
  /** concat[upsample_t(q_t), q_b], [B, 2·embed_dim, h, w]. */
  latent: GoldenArray;
  reconstruction: GoldenArray;
}

/** The goldens of applied codecs. */
export function readLatentGoldens(): Promise<LatentGolden[]> {
  return readIndex("latents", "codecs");
}

/** The entries of `NAME.json`, including their arrays, which are stored in `NAME.bin.gz`. */
export async function readIndex<Entry>(name: string, key: string): Promise<Entry[]> {
  const numbers = new Float32Array((await readGzip(`${name}.bin.gz`)).buffer);
  const text = await Deno.readTextFile(goldenPath(`${name}.json`));
  // In the index, an array has an offset instead of its values.
  return JSON.parse(text, (_, value) => {
    if (typeof value?.offset !== "number") return value;
    const { shape, step, offset, sumOfSquares } = value;
    const kept = Math.ceil(elementCount(shape) / step);
    return { shape, step, values: numbers.subarray(offset, offset + kept), sumOfSquares };
  })[key];
}

/** The unpacked bytes of a gzip file in this folder. */
export async function readGzip(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = new Blob([await Deno.readFile(goldenPath(name))]);
  const unpacked = file.stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/**
 * The error of row-major `values`: the largest difference of a kept element, or of the root mean squares, divided by
 * the golden's root mean square. NaN if any value is NaN; Infinity if the lengths differ.
 */
export function goldenError(golden: GoldenArray, values: ArrayLike<number>): number {
  const count = elementCount(golden.shape);
  if (values.length !== count) return Infinity;
  const scale = Math.sqrt(golden.sumOfSquares / count) || 1;
  let squares = 0;
  for (let index = 0; index < count; index++) squares += values[index]! ** 2;
  let worst = Math.abs(Math.sqrt(squares / count) - Math.sqrt(golden.sumOfSquares / count));
  golden.values.forEach((value, index) => {
    worst = Math.max(worst, Math.abs(values[index * golden.step]! - value));
  });
  return worst / scale;
}

/** The checksum of a tensor, as in the goldens. */
export function checksum(name: string, values: ArrayLike<number>): Checksum {
  const key = keyOf(name);
  let squares = 0, dot = 0;
  for (let index = 0; index < values.length; index++) {
    squares += values[index]! ** 2;
    dot += values[index]! * (2 * randomUniform(key, index) - 1);
  }
  return { norm: Math.sqrt(squares), dot };
}

/** The difference between two checksums, relative to the golden's norm. */
export function checksumError(golden: Checksum, actual: Checksum): number {
  const difference = Math.max(Math.abs(golden.norm - actual.norm), Math.abs(golden.dot - actual.dot));
  return difference / (golden.norm || 1);
}

/**
 * The initial state, by key, of a golden whose format is `hash`. Each parameter is generated from the stream of its
 * own key. Weights are uniform in ±gain/√fan_in, and biases in ±1/√fan_in of their layer. `embed` is normal times
 * codebook_scale, `embed_avg` equals it, and `cluster_size` is 1.
 */
export function hashState(
  golden: TrainingGolden,
): Map<string, { shape: number[]; data: Float32Array<ArrayBuffer> }> {
  const shapes = new Map(golden.parameters.map(({ name, shape }) => [name, shape]));
  const state = new Map<string, { shape: number[]; data: Float32Array<ArrayBuffer> }>();
  for (const [name, shape] of shapes) {
    const fanIn = elementCount(shapes.get(name.replace(/bias$/, "weight"))!.slice(1));
    const bound = (name.endsWith("bias") ? 1 : golden.gain) / Math.sqrt(fanIn);
    state.set(name, { shape, data: uniformArray(keyOf(name), elementCount(shape), -bound, bound) });
  }
  for (const { name, shape } of golden.buffers) {
    const codebook = keyOf(name.replace(/embed_avg$/, "embed")),
      scale = Math.fround(golden.codebook_scale ?? 1);
    const data = name.endsWith("cluster_size")
      ? new Float32Array(elementCount(shape)).fill(1)
      : normalArray(codebook, elementCount(shape)).map((value) => scale * value);
    state.set(name, { shape, data });
  }
  return state;
}

const imageSizes: Record<ImageSet, number> = { fashion32: 32, fashion64: 64, brain128: 128 };
const mean = [0.485, 0.456, 0.406].map(Math.fround), deviation = [0.229, 0.224, 0.225].map(Math.fround);

/** The 16 gray images of a set, [count, size, size], uint8. */
export async function readImages(
  name: ImageSet,
): Promise<{ count: number; size: number; pixels: Uint8Array<ArrayBuffer> }> {
  const pixels = await readGzip(`${name}.bin.gz`), size = imageSizes[name];
  return { count: pixels.length / size ** 2, size, pixels };
}

/**
 * The batch of step `step` (from 0), [batch, 3, size, size]: (v / 255 − mean) / std, rounded to float32 after each
 * operation.
 */
export async function trainingBatch(
  golden: Pick<TrainingGolden, "images" | "batch">,
  step: number,
): Promise<Float32Array<ArrayBuffer>> {
  const { size, pixels } = await readImages(golden.images);
  const plane = size ** 2, first = step % 2 * golden.batch;
  return Float32Array.from({ length: golden.batch * 3 * plane }, (_, index) => {
    const image = first + Math.floor(index / (3 * plane)), channel = Math.floor(index / plane) % 3;
    const scaled = Math.fround(pixels[image * plane + index % plane]! / 255);
    return Math.fround(scaled - mean[channel]!) / deviation[channel]!;
  });
}
