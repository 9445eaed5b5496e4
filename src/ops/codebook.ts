/** Vector quantisation (van den Oord and others 2017): the nearest code, its vector, and statistics of the codes. */

import { divideUp, elementCount, floatType, roundUp } from "../graph/layout.ts";
import { type Kernel, Scratch } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import gatherSource from "../../kernels/gather_code.wgsl" with { type: "text" };
import nearestSource from "../../kernels/nearest_code.wgsl" with { type: "text" };
import perplexitySource from "../../kernels/perplexity.wgsl" with { type: "text" };
import statisticsSource from "../../kernels/code_statistics.wgsl" with { type: "text" };
import {
  codebookShape,
  positionsOf,
  requireCodes,
  statisticsRows,
  statisticsShape,
  vectors,
} from "./codebook_shapes.ts";
import { splitCount } from "./split_sums.ts";
import { codebookColumns, flat } from "./inputs.ts";
import { sumPartials } from "./sum_partials.ts";
import { imageExtents, notDifferentiable, quadCount, streamingCost } from "./support.ts";

const nearestKernel: Kernel = { name: "nearest_code", source: nearestSource, parts: kernelParts };
const gatherKernel: Kernel = { name: "gather_code", source: gatherSource, parts: kernelParts };
const statisticsKernel: Kernel = { name: "code_statistics", source: statisticsSource, parts: kernelParts };
const perplexityKernel: Kernel = { name: "perplexity", source: perplexitySource, parts: kernelParts };

/** Quads of each code's sum that one workgroup computes. */
const columnsPerTile = 8;
/** The fewest positions in a chunk, or an eighth of the codes if that is more: each chunk costs one sum a code. */
const shortestChunk = 64;

const nearestCodeOperation: Operation<undefined> = {
  name: "nearest_code",
  inputs: [vectors, codebookColumns()],
  infer([x, embed]) {
    const { images, channels, height, width } = imageExtents(x!);
    codebookShape("nearest_code", embed!, channels);
    return { shape: [images, height, width], dtype: "u32", layout: "flat" };
  },
  // The choice of a code is a step function: its gradient is zero almost everywhere.
  gradient: () => [undefined, undefined],
  lower(node, lowering) {
    const [x, embed] = node.inputs;
    const image = imageExtents(x!.type);
    const { codes, quads } = codebookShape("nearest_code", embed!.type, image.channels);
    const { subgroupLanes, subgroupsNeedEnable } = lowering.target;
    const subgroups = subgroupLanes > 0;
    const lanes = subgroups ? subgroupLanes : 64;
    // Two positions share each load of a code, unless too few lanes would be left to keep the GPU busy.
    const isShared = subgroups || positionsOf(image) >= 2 * lanes * lowering.target.parallelWorkgroups;
    const positionsPerLane = isShared ? 2 : 1;
    lowering.dispatch({
      kernel: nearestKernel,
      constants: {
        LANES: lanes,
        POSITIONS: positionsPerLane,
        CODES: 16,
        SUBGROUPS: subgroups,
        SUBGROUPS_ENABLE: subgroups && subgroupsNeedEnable,
      },
      bindings: { x: x!, codes: embed!, y: node },
      params: { positions: positionsOf(image), codes, quads },
      workgroups: divideUp(positionsOf(image), lanes * positionsPerLane),
      ...node.operation.cost(node),
    });
  },
  reference([x, embed], node) {
    const { images, channels, height, width } = imageExtents(node.inputs[0]!.type);
    const codes = node.inputs[1]!.shape[1]!;
    const pixels = height * width;
    return Float64Array.from({ length: images * pixels }, (_, position) => {
      const first = Math.floor(position / pixels) * channels * pixels + position % pixels;
      let [nearest, least] = [0, Infinity];
      for (let code = 0; code < codes; code++) {
        let distance = 0;
        for (let d = 0; d < channels; d++) {
          distance += (x![first + d * pixels]! - embed![d * codes + code]!) ** 2;
        }
        if (distance < least) [nearest, least] = [code, distance];
      }
      return nearest;
    });
  },
  cost: (node) => ({
    ...streamingCost(node, 0),
    flops: 3 * elementCount(node.inputs[0]!.shape) * node.inputs[1]!.shape[1]!,
  }),
};

const gatherCodeOperation: Operation<undefined> = {
  name: "gather_code",
  inputs: [flat("codes", "u32"), codebookColumns(), vectors],
  infer([codes, embed, x]) {
    const image = imageExtents(x!);
    codebookShape("gather_code", embed!, image.channels);
    requireCodes("gather_code", codes!, image);
    return x!;
  },
  // The straight-through estimator: x gets the upstream gradient unchanged (Bengio and others 2013).
  gradient: (_, upstream) => [undefined, undefined, upstream],
  lower(node, lowering) {
    const [code, embed] = node.inputs;
    const image = imageExtents(node.type);
    lowering.dispatch({
      kernel: gatherKernel,
      constants: {},
      bindings: { code: code!, codes: embed!, y: node },
      params: { positions: positionsOf(image), quads: divideUp(image.channels, 4) },
      workgroups: divideUp(quadCount(node), 64),
      epilogue: true,
      ...node.operation.cost(node),
    });
  },
  reference([code, embed], node) {
    const { images, channels, height, width } = imageExtents(node.type);
    const codes = node.inputs[1]!.shape[1]!;
    const pixels = height * width;
    return Float64Array.from({ length: images * channels * pixels }, (_, index) => {
      const image = Math.floor(index / (channels * pixels));
      const d = Math.floor(index / pixels) % channels;
      return embed![d * codes + code![image * pixels + index % pixels]!]!;
    });
  },
  cost: (node) => streamingCost(node, 0),
};

const codeStatisticsOperation: Operation<undefined> = {
  name: "code_statistics",
  inputs: [flat("codes", "u32"), vectors, codebookColumns()],
  infer([codes, x, embed]) {
    const image = imageExtents(x!);
    codebookShape("code_statistics", embed!, image.channels);
    requireCodes("code_statistics", codes!, image);
    return floatType(statisticsShape(embed!.shape));
  },
  gradient: notDifferentiable("code_statistics"),
  lower(node, lowering) {
    const [code, x, embed] = node.inputs;
    const image = imageExtents(x!.type);
    const { codes, quads } = codebookShape("code_statistics", embed!.type, image.channels);
    const positions = positionsOf(image);
    const columnTiles = divideUp(quads + 1, columnsPerTile);
    const split = splitCount(lowering.target, columnTiles, positions, Math.max(shortestChunk, codes / 8));
    const chunk = roundUp(divideUp(positions, split), 4);
    const parts = divideUp(positions, chunk);
    const partial = parts > 1
      ? new Scratch(16 * parts * quadCount(node), "code statistics partial")
      : undefined;
    lowering.dispatch({
      kernel: statisticsKernel,
      constants: {},
      bindings: { code: code!, x: x!, y: partial ?? node },
      params: { positions, codes, quads, chunk, column_tiles: columnTiles, tiles: columnTiles * parts },
      workgroups: columnTiles * parts,
      ...node.operation.cost(node),
    });
    if (partial) sumPartials(lowering, partial, node, parts);
  },
  reference([code, x], node) {
    const [codes, width] = node.shape as [number, number];
    const { images, channels, height, width: columns } = imageExtents(node.inputs[1]!.type);
    const pixels = height * columns;
    const y = new Float64Array(codes * width);
    for (let position = 0; position < images * pixels; position++) {
      const row = code![position]! * width;
      const first = Math.floor(position / pixels) * channels * pixels + position % pixels;
      for (let d = 0; d < channels; d++) y[row + d]! += x![first + d * pixels]!;
      y[row + width - 4]! += 1;
    }
    return y;
  },
  cost: (node) => ({ ...streamingCost(node, 0), flops: elementCount(node.inputs[1]!.shape) }),
};

const perplexityOperation: Operation<undefined> = {
  name: "perplexity",
  inputs: [flat("statistics")],
  infer([statistics]) {
    statisticsRows("perplexity", statistics!);
    return floatType([]);
  },
  gradient: notDifferentiable("perplexity"),
  lower(node, lowering) {
    lowering.dispatch({
      kernel: perplexityKernel,
      constants: {},
      bindings: { statistics: node.inputs[0]!, y: node },
      params: statisticsRows("perplexity", node.inputs[0]!.type),
      workgroups: 1,
      ...node.operation.cost(node),
    });
  },
  reference([statistics], node) {
    const [codes, width] = node.inputs[0]!.shape as [number, number];
    const counts = Array.from({ length: codes }, (_, code) => statistics![(code + 1) * width - 4]!);
    const total = Math.max(1, counts.reduce((sum, count) => sum + count, 0));
    return Float64Array.of(
      Math.exp(
        -counts.reduce((sum, count) => count > 0 ? sum + count / total * Math.log(count / total) : sum, 0),
      ),
    );
  },
  cost: (node) => streamingCost(node, 0),
};

/**
 * The index of the code that is nearest to each position's vector, by Euclidean distance: x [B, dim, H, W] and the
 * codebook `embed` [dim, codes] to u32 [B, H, W]. Of equally near codes the first one is taken. There is no gradient.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { floatType } from "../graph/layout.ts";
 * import { variable } from "./variable.ts";
 *
 * const x = variable(floatType([2, 64, 8, 8], "channels_last"), "x");
 * const embed = variable(floatType([64, 512], "codes_first"), "embed");
 * assertEquals(nearestCode(x, embed).shape, [2, 8, 8]);
 *
 * const short = variable(floatType([32, 512], "codes_first"), "short");
 * assertThrows(() => nearestCode(x, short), RangeError, "the codebook must be [64, n]: [32,512]");
 * ```
 *
 * @throws {RangeError} if x is not channels_last, the codebook is not codes_first, either is not float32, or they
 * differ in `dim`
 */
export function nearestCode(x: Tensor, embed: Tensor): Tensor {
  return apply(nearestCodeOperation, [x, embed], undefined);
}

/**
 * The vectors of the codes: `codes` u32 [B, H, W] and `embed` [dim, codes] to [B, dim, H, W], the shape of x. Its
 * gradient passes to x unchanged (the straight-through estimator).
 *
 * @throws {RangeError} if the shapes of the three do not match
 */
export function gatherCode(codes: Tensor, embed: Tensor, x: Tensor): Tensor {
  return apply(gatherCodeOperation, [codes, embed, x], undefined);
}

/**
 * The sum of the vectors of each code's positions, and their number. The result is [codes, dim′ + 4], where dim′ is
 * `dim` rounded up to a multiple of 4: the first `dim` values of a row are the sum, and value dim′ is the number of
 * positions.
 *
 * @throws {RangeError} if `codes` [B, H, W], x [B, dim, H, W] and `embed` [dim, codes] do not match
 */
export function codeStatistics(codes: Tensor, x: Tensor, embed: Tensor): Tensor {
  return apply(codeStatisticsOperation, [codes, x, embed], undefined);
}

/**
 * exp(−Σ p · ln p) with p the share of each code in {@linkcode codeStatistics}, a scalar []: the effective number of
 * codes in use, from 1 to the size of the codebook.
 *
 * @throws {RangeError} if the statistics are not rows of whole quads
 */
export function perplexity(statistics: Tensor): Tensor {
  return apply(perplexityOperation, [statistics], undefined);
}

export { codeStatisticsOperation, gatherCodeOperation, nearestCodeOperation, perplexityOperation };
