/** Operations that change variables in place: the updates of codebooks, and the record of a step's scalars. */

import { divideUp, floatType, type TensorType } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import type { Operation, ReferenceValues } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { randomBits } from "../random.ts";
import { kernelParts } from "./kernel_parts.ts";
import accumulateSource from "../../kernels/ema_accumulate.wgsl" with { type: "text" };
import countSource from "../../kernels/count_codes.wgsl" with { type: "text" };
import normaliseSource from "../../kernels/ema_normalise.wgsl" with { type: "text" };
import recordSource from "../../kernels/record.wgsl" with { type: "text" };
import restartSource from "../../kernels/restart_codes.wgsl" with { type: "text" };
import { codebookShape, requireCodebook, statisticsRows, vectors } from "./codebook_shapes.ts";
import { codebookColumns, flat, repeated, scalar } from "./inputs.ts";
import { imageExtents, notDifferentiable, requireType, streamingCost } from "./support.ts";

const accumulateKernel: Kernel = { name: "ema_accumulate", source: accumulateSource, parts: kernelParts };
const normaliseKernel: Kernel = { name: "ema_normalise", source: normaliseSource, parts: kernelParts };
const countKernel: Kernel = { name: "count_codes", source: countSource, parts: kernelParts };
const restartKernel: Kernel = { name: "restart_codes", source: restartSource, parts: kernelParts };
const recordKernel: Kernel = { name: "record", source: recordSource };

/**
 * An update: its node has no value of its own, and its reference returns the new values of the changed inputs, joined.
 */
export function update<Attributes>(
  name: string,
  changed: readonly number[],
  { check, ...rest }: Pick<Operation<Attributes>, "inputs" | "lower" | "reference"> & {
    /** Checks the shapes of the inputs: throws a `RangeError` if they do not match. */
    check(inputs: readonly TensorType[]): void;
  },
): Operation<Attributes> {
  return {
    name,
    infer(inputs) {
      check(inputs);
      return floatType([]);
    },
    gradient: notDifferentiable(name),
    updates: (node) => changed.map((index) => node.inputs[index]!),
    cost: (node) => streamingCost(node, 0),
    ...rest,
  };
}

/** The values of several tensors in one array, as an update's reference returns them. */
export function joined(...parts: readonly ReferenceValues[]): ReferenceValues {
  const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const codebookInputs = [codebookColumns(), codebookColumns("sums of the codebook"), flat("cluster sizes")];

const emaUpdateOperation = update<{ decay: number; epsilon: number }>("ema_update", [1, 2, 3], {
  inputs: [flat("statistics"), ...codebookInputs],
  check: ([statistics, ...codebook]) => requireCodebook("ema_update", codebook, statistics),
  lower(node, lowering) {
    const [statistics, embed, average, size] = node.inputs as [Tensor, Tensor, Tensor, Tensor];
    const { decay, epsilon } = node.attributes;
    const { codes, quads } = statisticsRows("ema_update", statistics.type);
    const shared = { workgroups: divideUp(codes * quads, 64), ...node.operation.cost(node), constants: {} };
    lowering.dispatch({
      ...shared,
      kernel: accumulateKernel,
      bindings: { statistics, embed_avg: average, cluster_size: size },
      params: { codes, quads, decay, one_minus_decay: 1 - decay },
    });
    lowering.dispatch({
      ...shared,
      kernel: normaliseKernel,
      bindings: { embed_avg: average, cluster_size: size, embed },
      params: { codes, quads, epsilon },
    });
  },
  reference([statistics, , average, size], node) {
    const { decay, epsilon } = node.attributes;
    const [dim, codes] = node.inputs[1]!.shape as [number, number];
    const width = node.inputs[0]!.shape[1]!;
    const newSize = size!.map((value, code) =>
      decay * value + (1 - decay) * statistics![(code + 1) * width - 4]!
    );
    const newAverage = average!.map((value, index) => {
      const [d, code] = [Math.floor(index / codes), index % codes];
      return decay * value + (1 - decay) * statistics![code * width + d]!;
    });
    const total = newSize.reduce((sum, value) => sum + value, 0);
    const newEmbed = Float64Array.from(
      { length: dim * codes },
      (_, index) =>
        newAverage[index]! / ((newSize[index % codes]! + epsilon) / (total + codes * epsilon) * total),
    );
    return joined(newEmbed, newAverage, newSize);
  },
});

const countCodesOperation = update<undefined>("count_codes", [1], {
  inputs: [flat("statistics"), flat("counters", "u32")],
  check([statistics, usage]) {
    requireType("count_codes", "counters", usage!, [statisticsRows("count_codes", statistics!).codes], "u32");
  },
  lower(node, lowering) {
    const [statistics, usage] = node.inputs as [Tensor, Tensor];
    const { codes, quads } = statisticsRows("count_codes", statistics.type);
    lowering.dispatch({
      kernel: countKernel,
      constants: {},
      bindings: { statistics, usage },
      params: { codes, quads },
      workgroups: divideUp(codes, 64),
      ...node.operation.cost(node),
    });
  },
  reference([statistics, usage], node) {
    const width = node.inputs[0]!.shape[1]!;
    return usage!.map((value, code) => value + statistics![(code + 1) * width - 4]!);
  },
});

const restartCodesOperation = update<{ threshold: number; size: number }>("restart_codes", [2, 3, 4], {
  inputs: [vectors, flat("key", "u32"), ...codebookInputs],
  check([x, , ...codebook]) {
    codebookShape("restart_codes", codebook[0]!, imageExtents(x!).channels);
    requireCodebook("restart_codes", codebook);
  },
  lower(node, lowering) {
    const [x, key, embed, average, clusterSize] = node.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const { threshold, size } = node.attributes;
    const { images, channels, height, width } = imageExtents(x.type);
    const codes = embed.shape[1]!;
    lowering.dispatch({
      kernel: restartKernel,
      constants: {},
      bindings: { x, key, embed, embed_avg: average, cluster_size: clusterSize },
      params: { codes, quads: divideUp(channels, 4), positions: images * height * width, threshold, size },
      workgroups: codes,
      ...node.operation.cost(node),
    });
  },
  reference([x, key, embed, average, clusterSize], node) {
    const { threshold, size } = node.attributes;
    const { images, channels, height, width } = imageExtents(node.inputs[0]!.type);
    const [codes, pixels] = [clusterSize!.length, height * width];
    const [newEmbed, newAverage, newSize] = [embed!.slice(), average!.slice(), clusterSize!.slice()];
    for (let code = 0; code < codes; code++) {
      if (clusterSize![code]! >= threshold) continue;
      const position = randomBits(key![0]!, code) % (images * pixels);
      const first = Math.floor(position / pixels) * channels * pixels + position % pixels;
      for (let d = 0; d < channels; d++) {
        newEmbed[d * codes + code] = x![first + d * pixels]!;
        newAverage[d * codes + code] = x![first + d * pixels]! * size;
      }
      newSize[code] = size;
    }
    return joined(newEmbed, newAverage, newSize);
  },
});

/** The scalars that one dispatch binds; with the step and the ring these are eight storage buffers. */
const scalarsAtOnce = 6;

const recordOperation = update<undefined>("record", [1], {
  inputs: [flat("step"), flat("ring"), repeated(scalar("scalars"))],
  check([, ring, ...scalars]) {
    if (ring!.shape[1] !== scalars.length) {
      throw new RangeError(
        `Cannot run record as the rows of the ring [${ring!.shape}] do not hold ${scalars.length} scalars`,
      );
    }
  },
  lower(node, lowering) {
    const [step, ring, ...scalars] = node.inputs as [Tensor, Tensor, ...Tensor[]];
    for (let first = 0; first < scalars.length; first += scalarsAtOnce) {
      const some = scalars.slice(first, first + scalarsAtOnce);
      lowering.dispatch({
        kernel: recordKernel,
        constants: { FIRST: first, COUNT: some.length },
        bindings: {
          step,
          ring,
          ...Object.fromEntries(some.map((scalar, index) => [`value${index}`, scalar])),
        },
        params: { width: scalars.length },
        workgroups: 1,
        flops: 0,
        bytes: 8 * some.length,
      });
    }
  },
  reference([step, ring, ...scalars]) {
    const changed = ring!.slice();
    scalars.forEach((scalar, index) => changed[step![2]! * scalars.length + index] = scalar[0]!);
    return changed;
  },
});

/** A codebook's three buffers. */
export interface Codebook {
  /** The codes, [dim, codes]. */
  embed: Tensor;
  /** The moving average of the sums of their vectors, [dim, codes]. */
  embedAvg: Tensor;
  /** The moving average of their numbers of vectors, [codes]. */
  clusterSize: Tensor;
}

/**
 * Updates a codebook in place from {@linkcode codeStatistics} by exponential moving averages (van den Oord and others
 * 2017, appendix A.1; Razavi and others 2019): see kernels/ema_accumulate.wgsl for the formula.
 *
 * @throws {RangeError} if the shapes do not match
 */
export function emaUpdate(
  statistics: Tensor,
  { embed, embedAvg, clusterSize }: Codebook,
  decay: number,
  epsilon = 1e-5,
): Tensor {
  return apply(emaUpdateOperation, [statistics, embed, embedAvg, clusterSize], { decay, epsilon });
}

/**
 * Adds the counts in {@linkcode codeStatistics} to the counters `usage`, u32 [codes], in place.
 *
 * @throws {RangeError} if the shapes or element types do not match
 */
export function countCodes(statistics: Tensor, usage: Tensor): Tensor {
  return apply(countCodesOperation, [statistics, usage], undefined);
}

/**
 * Replaces codes that are hardly used: a code whose `clusterSize` is below `threshold` becomes the vector at a random
 * position of x [B, dim, H, W], and its cluster size `size`. `key` is a u32 tensor whose first element the host changes
 * each step.
 *
 * @throws {RangeError} if the shapes or element types do not match
 */
export function restartCodes(
  x: Tensor,
  key: Tensor,
  codebook: Codebook,
  threshold: number,
  size: number,
): Tensor {
  const { embed, embedAvg, clusterSize } = codebook;
  return apply(restartCodesOperation, [x, key, embed, embedAvg, clusterSize], { threshold, size });
}

/**
 * Copies scalars [] into row `step[2]` of `ring` [slots, scalars].
 *
 * @throws {RangeError} if the ring's rows hold another number of scalars
 */
export function record(step: Tensor, ring: Tensor, scalars: readonly Tensor[]): Tensor {
  return apply(recordOperation, [step, ring, ...scalars], undefined);
}

export { countCodesOperation, emaUpdateOperation, recordOperation, restartCodesOperation };
