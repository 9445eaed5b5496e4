/** Options of the two commands here, and what is made of them. */

import { adapterOption } from "../cli/common_options.ts";
import { speedOptions } from "../cli/training_options.ts";
import type { OptionTable } from "../cli/options.ts";
import { UsageError } from "../src/errors.ts";
import { blockSides, densenet121 } from "../src/models/densenet/configuration.ts";
import { defaultConfiguration, totalStride } from "../src/models/vqvae/configuration.ts";
import { type ModelName, models } from "./models.ts";

const model = {
  kind: "text",
  choices: Object.keys(models),
  help: "what is trained: vqvae or densenet",
  default: "vqvae",
} as const;

const precision = {
  kind: "text",
  choices: ["f32", "f16"],
  help: "of values and their gradients in whole steps and plans: f32 or f16",
  default: "f32",
} as const;

export const benchTable = {
  model,
  sizes: { kind: "text", value: "N,N", help: "sides of the images", default: "32,64" },
  batches: {
    kind: "text",
    value: "N,N",
    help: "images in a training step; the kernels take the first",
    default: "8,32",
  },
  steps: {
    kind: "integer",
    least: 1,
    help: "timed training steps of each size and batch, at least",
    default: 20,
  },
  precision,
  filter: {
    kind: "text",
    value: "TEXT",
    help: 'only rows with TEXT in them: "ceiling", "kernel", "step", "adam", "128×64×4×4"',
  },
  json: { kind: "text", value: "FILE", help: "writes the results there" },
  compare: {
    kind: "text",
    value: "FILE",
    help: "shows how much faster it is than the results that --json wrote there",
  },
  plan: { kind: "flag", help: "only plans the steps: memory, traffic and arithmetic; nothing runs" },
  quick: { kind: "flag", help: "the first size and batch only, and fewer repetitions" },
  ...speedOptions,
  ...adapterOption,
} as const satisfies OptionTable;

export const versusTable = {
  versus: { kind: "text", value: "COMMAND", help: 'prints a line of JSON with "img_s", its images a second' },
  model,
  size: { kind: "integer", least: 1, help: "side of the images", default: 32 },
  batch: { kind: "integer", least: 1, help: "images in a training step", default: 8 },
  precision,
  steps: { kind: "integer", least: 1, help: "training steps of ours in each turn", default: 10 },
  rounds: { kind: "integer", least: 1, help: "turns of each", default: 5 },
  ...speedOptions,
  ...adapterOption,
} as const satisfies OptionTable;

/** "32,64" as numbers; throws a UsageError where it is no list of whole numbers from 1 on. */
export function readList(option: string, text: string): number[] {
  const values = text.split(",").map((part) => /^\s*\d+\s*$/.test(part) ? Number(part) : NaN);
  if (!values.every((value) => Number.isSafeInteger(value) && value >= 1)) {
    throw new UsageError(
      `--${option} ${text}: expected whole numbers with commas between them, such as 32,64`,
    );
  }
  return values;
}

/** The model that --model names. */
export function modelNamed(name: string): ModelName {
  if (!(name in models)) throw new UsageError(`--model ${name}: expected vqvae or densenet`);
  return name as ModelName;
}

/** Throws a UsageError where the model cannot take images of that side. */
export function checkSize(option: string, model: ModelName, size: number): void {
  if (model === "densenet") {
    if (blockSides(densenet121, size).at(-1)! >= 1) return;
    throw new UsageError(
      `--${option} ${size}: too small for DenseNet-121, whose last block would have no pixels`,
    );
  }
  const stride = totalStride(defaultConfiguration);
  if (size % stride !== 0) {
    throw new UsageError(
      `--${option} ${size}: the model takes images with sides that are multiples of ${stride}`,
    );
  }
}
