/** Finds the fastest variant for a class of shapes: each is checked against the simplest, then timed on the adapter. */

import type { Gpu } from "../gpu/device.ts";
import { Executor } from "../gpu/executor.ts";
import { Memory } from "../gpu/memory.ts";
import { Timestamps } from "../gpu/timestamps.ts";
import { wallTimes } from "../gpu/wall_time.ts";
import { storedCount } from "../graph/layout.ts";
import type { Tunable, Variant } from "../graph/lowering.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { variable } from "../ops/variable.ts";
import { plan, TooLargeError } from "../plan/plan.ts";
import { joinKeys, keyOf, uniformArray } from "../random.ts";

/**
 * The largest error allowed, relative to the largest value: far above the effect of another order of summation or of
 * float16's rounding, far below that of a mistake.
 */
const tolerances = { f32: 1e-4, f16: 2e-3, u32: 0 };
/**
 * The default variant is kept unless another takes less than this share of its time: less is noise, and choices
 * should repeat.
 */
const hysteresis = 0.97;
/** Milliseconds that a measurement by the computer's clock lasts at least, since waiting costs some in Deno. */
const shortestWallMilliseconds = 100;
/** The most work that is compared, since the simplest variant is slow: nodes with more get fewer images. */
const mostFlops = { software: 1e9, gpu: 4e11 };

/** The outcome of a comparison. */
export interface Outcome {
  /** The fastest variant. */
  variant: string;
  /** The time of each variant, except those that failed or did not fit the adapter. */
  milliseconds: Record<string, number>;
  /** One line for each variant that failed. */
  failures: string[];
}

/**
 * Times the first `most` variants of a tunable, `runs` times each, and finds the fastest whose results are those of the
 * simplest. The default variant is kept if none is clearly faster.
 *
 * @throws {Error} if the simplest variant cannot run
 */
export async function contest(
  gpu: Gpu,
  tunable: Tunable,
  { most, runs }: { most: number; runs: number },
): Promise<Outcome> {
  const { variants } = tunable;
  const node = standAlone(tunable.node, gpu);
  const memory = new Memory(gpu);
  const failures: string[] = [];
  const milliseconds: Record<string, number> = {};
  try {
    // The first plan loaded allocates the inputs, which the others share.
    const expected = await measure(memory, node, variants.at(-1)!, 0, () => writeInputs(memory, node));
    for (const variant of variants.slice(0, most)) {
      try {
        const { values, fastest } = await measure(memory, node, variant, runs);
        const error = largestError(values, expected.values);
        if (error <= tolerances[node.dtype]) milliseconds[variant.name] = fastest;
        else failures.push(`${variant.name} of ${tunable.shapeClass} is wrong by ${error.toExponential(1)}`);
      } catch (error) {
        if (!(error instanceof TooLargeError)) failures.push(`${variant.name}: ${(error as Error).message}`);
      }
    }
  } finally {
    memory.destroy();
  }
  return { variant: winner(variants, milliseconds), milliseconds, failures };
}

function winner(variants: readonly Variant[], milliseconds: Record<string, number>): string {
  const timed = Object.entries(milliseconds).sort(([, first], [, second]) => first - second);
  const [best] = timed;
  // If all have failed, the simplest is left, which they were compared with.
  if (!best) return variants.at(-1)!.name;
  const byDefault = milliseconds[variants[0]!.name];
  return byDefault !== undefined && best[1] > byDefault * hysteresis ? variants[0]!.name : best[0];
}

/** The node with variables as its inputs, and with fewer images if the simplest variant would take long. */
function standAlone({ operation, inputs, attributes, type, label }: Tensor, { adapter }: Gpu): Tensor {
  const whole = apply(operation, inputs.map((input) => variable(input.type, input.label)), attributes, label);
  const { flops } = operation.cost(whole);
  const limit = adapter.software ? mostFlops.software : mostFlops.gpu;
  const images = inputs[0]!.shape[0]!;
  const kept = Math.max(1, Math.min(images, Math.floor(images * limit / Math.max(1, flops))));
  if (kept === images || type.layout !== "channels_last") return whole;
  const fewer = inputs.map((input) => {
    const isBatch = input.type.layout === "channels_last" && input.shape[0] === images;
    const shape = isBatch ? [kept, ...input.shape.slice(1)] : input.shape;
    return variable({ ...input.type, shape }, input.label);
  });
  return apply(operation, fewer, attributes, label);
}

/** Runs a variant once for its results, then `runs` times for its time. */
async function measure(
  memory: Memory,
  node: Tensor,
  variant: Variant,
  runs: number,
  prepare: () => void = () => {},
): Promise<{ values: Float32Array; fastest: number }> {
  const { gpu } = memory;
  const target = { ...gpu.target, choices: { get: () => variant.name } };
  const executor = await Executor.load(plan({ results: [node] }, target), memory);
  try {
    prepare();
    executor.run();
    const values = await executor.readStored(node);
    return { values, fastest: runs === 0 ? 0 : await fastestRun(gpu, executor, runs) };
  } finally {
    executor.destroy();
  }
}

function writeInputs(memory: Memory, { inputs }: Tensor): void {
  inputs.forEach((input, index) => memory.writeStored(input, randomValues(input, index)));
}

/**
 * Random values that repeat after some 65,000: for large tensors, computing new ones would take longer than the
 * kernels.
 */
function randomValues({ type }: Tensor, index: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(storedCount(type));
  const pattern = uniformArray(joinKeys(keyOf("tuner"), index), Math.min(values.length, 65_521), -1, 1);
  for (let at = 0; at < values.length; at += pattern.length) {
    values.set(pattern.subarray(0, Math.min(pattern.length, values.length - at)), at);
  }
  return values;
}

/** The largest difference, relative to the largest expected value. */

function largestError(values: Float32Array, expected: Float32Array): number {
  let scale = 0, error = 0;
  for (let index = 0; index < expected.length; index++) {
    scale = Math.max(scale, Math.abs(expected[index]!));
    error = Math.max(error, Math.abs(values[index]! - expected[index]!));
  }
  // NaN would compare as no error at all.
  const relative = error / scale;
  return Number.isFinite(relative) ? relative : Infinity;
}

/** Milliseconds of the fastest of `runs` runs, by the GPU's clock if it has a usable one. */
async function fastestRun(gpu: Gpu, executor: Executor, runs: number): Promise<number> {
  const timestamps = await Timestamps.make(gpu, runs);
  const fastestOnTheWall = async () =>
    Math.min(...await wallTimes(executor, { times: runs, shortest: shortestWallMilliseconds }));
  if (!timestamps) return await fastestOnTheWall();
  const slots = Array.from({ length: runs }, (_, slot) => slot);
  for (const slot of slots) executor.run({ timestamps, slot });
  const intervals = await timestamps.stage(slots).read();
  timestamps.destroy();
  const fastest = Math.min(...intervals.map(({ begin, end }) => end - begin));
  return fastest > 0 ? fastest : await fastestOnTheWall();
}
