/** Readers for the goldens of DenseNet, which densenet.py writes, and generators for what they do not store. */

import { elementCount } from "../../src/graph/layout.ts";
import type { DensenetConfiguration } from "../../src/models/densenet/configuration.ts";
import { keyOf, randomUniform, uniformArray } from "../../src/random.ts";
import {
  type Checksum,
  type GoldenArray,
  goldenPath,
  readGzip,
  readIndex,
  trainingBatch,
} from "./read.ts";

type Values = Float32Array<ArrayBuffer>;

/** A file in this folder that holds the initial weights. */
export interface DensenetFile {
  name: string;
  format: "zip" | "legacy";
  /** The prefix of every key. */
  prefix: string;
  /** Whether keys have the old spelling, such as `denselayer1.norm.1.weight`, and there is no `num_batches_tracked`. */
  old: boolean;
}

/** Checksums of a trained tensor and of its gradient. */
export interface DensenetParameterGolden {
  /** The key in the state dict, without a prefix. */
  name: string;
  shape: number[];
  initial: Checksum;
  /** The gradient of the loss of the first step. */
  gradient: Checksum;
  /** The complete gradient of the first step; only for one of the models. */
  values?: GoldenArray;
  /**
   * For channels of a batch normalisation's bias: the draw of the stream, if not the first; see {@linkcode
   * densenetState}.
   */
  draws?: Record<string, number>;
}

/** Checksums of a buffer. */
export interface DensenetBufferGolden {
  name: string;
  shape: number[];
  initial: Checksum;
  /** After the first step. */
  first: Checksum;
  /** After the last step. */
  final: Checksum;
}

/** A training of a few steps. */
export interface DensenetGolden {
  name: string;
  configuration: DensenetConfiguration;
  /** Even steps (from 0) train on the first `batch` images, odd ones on the next. */
  images: "fashion32" | "latent64";
  batch: number;
  /** The files with the initial weights; if empty, {@linkcode densenetState} generates them. */
  files: DensenetFile[];
  /** The factor by which He's bound is multiplied for convolutions. */
  scale: number;
  learning_rate: number;
  weight_decay: number;
  /** The mean binary cross-entropy of each step, from before its update. */
  losses: number[];
  /**
   * How close the first step comes to a discontinuity: the inputs of ReLUs to zero, and the two largest of a pooling
   * window.
   */
  margins: { relu: number; max_pool: number };
  /**
   * The deviation of the same run in float32, relative to the norm of each tensor, at the worst tensor. Losses:
   * relative.
   */
  float32_deviation: Record<"logits" | "evaluation" | "gradients" | "statistics", number> & {
    losses: number[];
  };
  /** The logits of the first step, [batch, n_classes]. */
  logits: GoldenArray;
  /** The logits of the first batch with the initial running statistics. */
  evaluation: GoldenArray;
  parameters: DensenetParameterGolden[];
  buffers: DensenetBufferGolden[];
}

/** Keys and shapes of torchvision's densenet121 with fourteen classes and `init_conv` for two channels. */
export interface DensenetShapes {
  /** The number of trained values, without `init_conv`. */
  count: number;
  parameters: Record<string, number[]>;
  buffers: Record<string, number[]>;
}

/** The goldens of trainings. */
export function readDensenetGoldens(): Promise<DensenetGolden[]> {
  return readIndex("densenet", "models");
}

/** The content of densenet_shapes.json. */
export async function readDensenetShapes(): Promise<DensenetShapes> {
  return JSON.parse(await Deno.readTextFile(goldenPath("densenet_shapes.json"))).models[0];
}

/**
 * The initial state, by key. Each tensor is uniform, from the stream of its own key:
 *
 * - weights in ±√6/√fan_in, multiplied by `scale` in the features; their biases in ±1/√fan_in
 * - weights of batch normalisations in [0.75, 1.25), their biases in ±0.25
 * - running means in ±0.25·scale, running variances in [0.75, 1.5)·scale²
 */
export function densenetState(golden: DensenetGolden): Map<string, Values> {
  const { scale, parameters, buffers } = golden;
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  const state = new Map<string, Values>();
  for (const { name, shape, draws } of parameters) {
    state.set(name, normalisationValues(name, shape, draws) ?? layerValues(name, shape, shapes, scale));
  }
  for (const { name, shape } of buffers) {
    const [low, high] = name.endsWith("mean")
      ? [-0.25 * scale, 0.25 * scale]
      : [0.75 * scale ** 2, 1.5 * scale ** 2];
    state.set(name, uniformArray(keyOf(name), elementCount(shape), low, high));
  }
  return state;
}

/** Draw d (from 1) of channel c of a bias is number (d − 1)·channels + c of its stream. */
function normalisationValues(
  name: string,
  shape: number[],
  draws: Record<string, number> = {},
): Values | undefined {
  if (!/norm\d?\.\w+$/.test(name)) return undefined;
  const key = keyOf(name), channels = elementCount(shape);
  if (name.endsWith("weight")) return uniformArray(key, channels, 0.75, 1.25);
  const values = uniformArray(key, channels, -0.25, 0.25);
  for (const [channel, draw] of Object.entries(draws)) {
    values[Number(channel)] = -0.25 + 0.5 * randomUniform(key, (draw - 1) * channels + Number(channel));
  }
  return values;
}

function layerValues(name: string, shape: number[], shapes: Map<string, number[]>, scale: number): Values {
  const fanIn = elementCount(shapes.get(name.replace(/bias$/, "weight"))!.slice(1));
  const gain = name.endsWith("bias") ? 1 : Math.sqrt(6) * (name.includes("features.") ? scale : 1);
  const bound = gain / Math.sqrt(fanIn);
  return uniformArray(keyOf(name), elementCount(shape), -bound, bound);
}

const positiveShare = 0.3;

/** Inputs [B, C, S, S] and labels [B, n_classes] of step `step`, from 0. */
export async function densenetBatch(
  golden: DensenetGolden,
  step: number,
): Promise<{ inputs: Values; labels: Values; side: number }> {
  const { images, batch, configuration: { n_classes } } = golden;
  const first = step % 2 * batch * n_classes;
  const labels = Float32Array.from(
    { length: batch * n_classes },
    (_, index) => Number(randomUniform(keyOf("labels"), first + index) < positiveShare),
  );
  return images === "latent64"
    ? { inputs: await latentBatch(step % 2, batch), labels, side: 64 }
    : { inputs: await trainingBatch({ images, batch }, step), labels, side: 32 };
}

async function latentBatch(half: number, batch: number): Promise<Values> {
  const bytes = await readGzip("latent64.bin.gz"), length = batch * 2 * 64 * 64;
  return Float32Array.from(bytes.subarray(half * length, (half + 1) * length), (value) => (value - 128) / 64);
}
