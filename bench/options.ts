/** The options of the benchmark commands, and checks of their values. */

import { defineCommand, type OptionValues } from "../cli/command.ts";
import { adapterOption, speedOptions } from "../cli/commands/shared.ts";
import { UsageError } from "../src/errors.ts";
import { blockSides, densenet121 } from "../src/models/densenet/configuration.ts";
import { defaultConfiguration, totalStride } from "../src/models/vqvae/configuration.ts";
import type { ModelName } from "./models.ts";

const model = {
  kind: "text",
  choices: ["vqvae", "densenet"] satisfies ModelName[],
  help: "model to train: vqvae or densenet",
  default: "vqvae",
} as const;

const precision = {
  kind: "text",
  choices: ["f32", "f16"],
  help: "how values and their gradients are stored, in whole steps and plans: f32 or f16",
  default: "f32",
} as const;

export const benchCommand = defineCommand({
  name: "bench",
  summary: "measure the adapter, every kernel of a model's training step, and whole steps",
  examples: [
    "./vqray bench --quick",
    "./vqray bench --json before.json",
    "./vqray bench --compare before.json --filter conv2d",
    "./vqray bench --sizes 256 --batches 2 --filter step",
    "./vqray bench --model densenet --sizes 224 --batches 32 --plan",
  ],
  options: {
    model,
    sizes: { kind: "text", value: "N,N", help: "sides of the images in pixels", default: "32,64" },
    batches: {
      kind: "text",
      value: "N,N",
      help: "images in a training step; the kernels are measured for the first number",
      default: "8,32",
    },
    steps: {
      kind: "integer",
      least: 1,
      help: "the least number of timed training steps of each size and batch",
      default: 20,
    },
    precision,
    filter: {
      kind: "text",
      value: "TEXT",
      help: 'only rows that contain TEXT: "ceiling", "kernel", "step", "adam", "128×64×4×4"',
    },
    json: { kind: "text", value: "FILE", help: "write the results to this file" },
    compare: {
      kind: "text",
      value: "FILE",
      help: "show how many times faster each row is than in a file that --json wrote",
    },
    plan: {
      kind: "flag",
      help: "only plan the steps, and print memory, traffic and arithmetic; run nothing",
    },
    quick: { kind: "flag", help: "only the first size and batch, with fewer repetitions" },
    ...speedOptions,
    ...adapterOption,
  },
});

export type BenchValues = OptionValues<typeof benchCommand.options>;

export const benchDataCommand = defineCommand({
  name: "bench:data",
  summary:
    "measure how fast images are read from HDF5 files in the page cache, in MB of the file's numbers a second",
  examples: ["./vqray bench:data", "./vqray bench:data --images 500 --rounds 3"],
  options: {
    images: { kind: "integer", least: 1, help: "images in each file", default: 2000 },
    batch: { kind: "integer", least: 1, help: "images in a batch", default: 32 },
    rounds: {
      kind: "integer",
      least: 1,
      help: "rounds over each file; the fastest counts",
      default: 5,
    },
    readers: {
      kind: "integer",
      least: 1,
      help: "the largest number of reading workers; default: the number of processors",
    },
  },
});

export const benchVersusCommand = defineCommand({
  name: "bench:versus",
  summary:
    "run training steps of vqray and of another program in turns, and print the median of the speed ratios",
  examples: ["./vqray bench:versus --size 32 --batch 8 --versus 'python3 bench/pytorch.py vqvae 32 8'"],
  options: {
    versus: {
      kind: "text",
      value: "COMMAND",
      help:
        'command of the other program (required); it prints a line of JSON with "img_s", images per second',
    },
    model,
    size: { kind: "integer", least: 1, help: "side of the images in pixels", default: 32 },
    batch: { kind: "integer", least: 1, help: "images in a training step", default: 8 },
    precision,
    steps: { kind: "integer", least: 1, help: "training steps of vqray in each turn", default: 10 },
    rounds: { kind: "integer", least: 1, help: "turns of each program", default: 5 },
    ...speedOptions,
    ...adapterOption,
  },
});

/** The benchmark commands, in the order of the tasks in deno.json. */
export const benchCommands = [benchCommand, benchDataCommand, benchVersusCommand];

/**
 * Reads a list of numbers such as "32,64".
 *
 * @throws {UsageError} if an element is not a whole number of at least 1
 */
export function readList(option: string, text: string): number[] {
  const values = text.split(",").map((part) => /^\s*\d+\s*$/.test(part) ? Number(part) : NaN);
  if (!values.every((value) => Number.isSafeInteger(value) && value >= 1)) {
    throw new UsageError(
      `--${option} ${text}: expected whole numbers separated by commas, such as 32,64`,
    );
  }
  return values;
}

/** @throws {UsageError} if the model cannot take images with that side */
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
