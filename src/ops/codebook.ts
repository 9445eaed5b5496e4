/** Vector quantisation: the nearest code, its vector, and what the positions of each code add up to. */

import { divideUp, elementCount, floatType, roundUp, type Shape, type TensorType } from "../graph/layout.ts";
import { type Kernel, Scratch } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import gatherSource from "../../kernels/gather_code.wgsl" with { type: "text" };
import nearestSource from "../../kernels/nearest_code.wgsl" with { type: "text" };
import perplexitySource from "../../kernels/perplexity.wgsl" with { type: "text" };
import statisticsSource from "../../kernels/code_statistics.wgsl" with { type: "text" };
import { kernelParts } from "./kernel_parts.ts";
import { splitCount } from "./split_sums.ts";
import { sumPartials } from "./sum_partials.ts";
import {
  type ImageShape,
  imageShape,
  notDifferentiable,
  quadCount,
  requireSameType,
  requireType,
  streamingCost,
} from "./support.ts";

const nearestKernel: Kernel = { name: "nearest_code", source: nearestSource, parts: kernelParts };
const gatherKernel: Kernel = { name: "gather_code", source: gatherSource, parts: kernelParts };
const statisticsKernel: Kernel = { name: "code_statistics", source: statisticsSource, parts: kernelParts };
const perplexityKernel: Kernel = { name: "perplexity", source: perplexitySource, parts: kernelParts };

/** Columns of the codes' sums that one workgroup adds up. */
const columnsPerTile = 8;
/** A chunk of fewer positions than this, or than an eighth of the codes, is not worth a partial sum for every code. */
const shortestChunk = 64;

function positionsOf({ images, height, width }: ImageShape): number {
  return images * height * width;
}

/** The number of codes and of quads in each code; throws unless a code has `channels` numbers. */
export function codebookShape(
  name: string,
  embed: TensorType,
  channels: number,
): { codes: number; quads: number } {
  const { shape, layout } = embed;
  if (layout !== "codes_first" || shape[0] !== channels) {
    throw new RangeError(
      `Cannot run ${name} as the codebook must be [${channels}, n] codes_first: [${shape}] ${layout}`,
    );
  }
  return { codes: shape[1]!, quads: divideUp(channels, 4) };
}

/** Checks codes [B, H, W] that go with the images `x`. */
function requireCodes(name: string, codes: TensorType, { images, height, width }: ImageShape): void {
  requireType(name, "codes", codes, [images, height, width], "u32");
}

/** The shape of what {@linkcode codeStatistics} gives for a codebook. */
function statisticsShape([dim, codes]: Shape): Shape {
  return [codes!, 4 * (divideUp(dim!, 4) + 1)];
}

/** Throws unless the buffers of a codebook, and its statistics where there are any, go together. */
export function requireCodebook(
  name: string,
  [embed, average, clusterSize]: readonly TensorType[],
  statistics?: TensorType,
): void {
  codebookShape(name, embed!, embed!.shape[0]!);
  requireSameType(name, embed!, average!);
  requireType(name, "cluster sizes", clusterSize!, [embed!.shape[1]!]);
  if (statistics) requireType(name, "statistics", statistics, statisticsShape(embed!.shape));
}

/** The number of codes and of quads in each code, from code statistics. */
export function statisticsRows(name: string, { shape }: TensorType): { codes: number; quads: number } {
  const [codes, width] = shape;
  if (shape.length !== 2 || width! % 4 !== 0) {
    throw new RangeError(`Cannot run ${name} as the statistics must be rows of quads: [${shape}]`);
  }
  return { codes: codes!, quads: width! / 4 - 1 };
}

const nearestCodeOperation: Operation<undefined> = {
  name: "nearest_code",
  infer([x, embed]) {
    const { images, channels, height, width } = imageShape("nearest_code", x!);
    codebookShape("nearest_code", embed!, channels);
    return { shape: [images, height, width], dtype: "u32", layout: "flat" };
  },
  // The choice of a code is a step function: its gradient is zero almost everywhere.
  gradient: () => [undefined, undefined],
  lower(node, lowering) {
    const [x, embed] = node.inputs;
    const image = imageShape("nearest_code", x!.type);
    const { codes, quads } = codebookShape("nearest_code", embed!.type, image.channels);
    const { subgroupLanes, subgroupsNeedEnable } = lowering.target;
    const subgroups = subgroupLanes > 0;
    const lanes = subgroups ? subgroupLanes : 64;
    // Two share what is loaded of the codes, unless that leaves a card too few lanes.
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
    const { images, channels, height, width } = imageShape("nearest_code", node.inputs[0]!.type);
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
  infer([codes, embed, x]) {
    const image = imageShape("gather_code", x!);
    codebookShape("gather_code", embed!, image.channels);
    requireCodes("gather_code", codes!, image);
    return x!;
  },
  // Straight through: what reaches the code reaches x unchanged (Bengio and others 2013; van den Oord and others 2017).
  gradient: (_, upstream) => [undefined, undefined, upstream],
  lower(node, lowering) {
    const [code, embed] = node.inputs;
    const image = imageShape("gather_code", node.type);
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
    const { images, channels, height, width } = imageShape("gather_code", node.type);
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
  infer([codes, x, embed]) {
    const image = imageShape("code_statistics", x!);
    codebookShape("code_statistics", embed!, image.channels);
    requireCodes("code_statistics", codes!, image);
    return floatType(statisticsShape(embed!.shape));
  },
  gradient: notDifferentiable("code_statistics"),
  lower(node, lowering) {
    const [code, x, embed] = node.inputs;
    const image = imageShape("code_statistics", x!.type);
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
    const { images, channels, height, width: columns } = imageShape("code_statistics", node.inputs[1]!.type);
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

/** For each position of x [B, D, H, W] the number of the nearest column of embed [D, n], as u32 [B, H, W]. */
export function nearestCode(x: Tensor, embed: Tensor): Tensor {
  return apply(nearestCodeOperation, [x, embed], undefined);
}

/** The vectors of the codes [B, H, W], in the shape of x; the gradient goes straight through to x. */
export function gatherCode(codes: Tensor, embed: Tensor, x: Tensor): Tensor {
  return apply(gatherCodeOperation, [codes, embed, x], undefined);
}

/** For each code the sum of its positions' vectors, filled up to quads, and their number in the first of four more: [n, D′ + 4]. */
export function codeStatistics(codes: Tensor, x: Tensor, embed: Tensor): Tensor {
  return apply(codeStatisticsOperation, [codes, x, embed], undefined);
}

/** exp(entropy) of the counts in {@linkcode codeStatistics}: the effective number of codes in use. */
export function perplexity(statistics: Tensor): Tensor {
  return apply(perplexityOperation, [statistics], undefined);
}

export { codeStatisticsOperation, gatherCodeOperation, nearestCodeOperation, perplexityOperation };
