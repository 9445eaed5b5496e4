/**
 * Convolution of 3×3 taps at stride 1 by Winograd's minimal filtering (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural
 * Networks"): M × M outputs take (M + 2)² products instead of 9·M².
 *
 * Taps g and a tile d of the input are polynomials, a convolution is their product, and a product of polynomials is known from
 * its values at N = M + 2 points: y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. Over all tiles and channels, what stands in the brackets is one matrix
 * product for each of the N² points. For M = 4 the points are 0, ±√½, ±√2 and ∞: with these the error stays at twice that of
 * the plain sum, where the usual 0, ±1, ±2 and ∞ make it seven times as large (random data, 128 channels, float32).
 *
 * The input gradient is the same with the taps turned round. The weights' gradient is, by the same identity read for g,
 * Gᵀ [Σ (A dy Aᵀ) ⊙ (Bᵀ d B)] G.
 *
 * Tiles go through in slabs, so that what lies between the steps stays in a cache and never becomes large.
 */

import { divideUp, type Shape } from "../graph/layout.ts";
import {
  type Kernel,
  type Lowering,
  type Operand,
  Scratch,
  type Target,
  type Variant,
} from "../graph/lowering.ts";
import type { Tensor } from "../graph/tensor.ts";
import inputSource from "../../kernels/winograd_input.wgsl" with { type: "text" };
import outputSource from "../../kernels/winograd_output.wgsl" with { type: "text" };
import upstreamSource from "../../kernels/winograd_upstream.wgsl" with { type: "text" };
import weightSource from "../../kernels/winograd_weight.wgsl" with { type: "text" };
import weightGradientSource from "../../kernels/winograd_weight_gradient.wgsl" with { type: "text" };
import { batchedProduct, type ConvolutionRequest } from "./conv_tiles.ts";
import { type Window, windowOf } from "./convolution.ts";
import { type Loaded, unnormalised } from "./normalisation.ts";
import { type ImageShape, quadCount, rowParams } from "./support.ts";
import { batchedOuterProduct, type WeightGradientRequest } from "./weight_gradient_tiles.ts";

const inputKernel: Kernel = { name: "winograd_input", source: inputSource };
const weightKernel: Kernel = { name: "winograd_weight", source: weightSource };
const outputKernel: Kernel = { name: "winograd_output", source: outputSource };
const upstreamKernel: Kernel = { name: "winograd_upstream", source: upstreamSource };
const weightGradientKernel: Kernel = { name: "winograd_weight_gradient", source: weightGradientSource };

/** Outputs on a tile's side. */
export type TileSide = 2 | 4;

/** What a slab's transformed values take at most, so that they stay in a processor's last cache, or in a GPU's. */
const slabBytes = 2 ** 23;

/** Fewer channels than this leave too little to save. */
const fewestChannels = 8;
/** On software adapters tiles of 4 × 4 are faster from so many on; below that, transforming the weights takes what they save. */
const fewestTiles = 32;

/** What tells whether the algorithm is for a convolution. */
interface Setting {
  kernel: Shape;
  window: Window;
  input: ImageShape;
  output: ImageShape;
}

/** `tiled`, and this algorithm's two variants where they are possible, first where they are likely to be the fastest. */
export function withWinograd(
  tiled: readonly Variant[],
  target: Target,
  setting: Setting,
  lower: (lowering: Lowering, side: TileSide) => void,
): Variant[] {
  if (!suitsWinograd(target, setting)) return [...tiled];
  const [four, two] = ([4, 2] as const).map((side): Variant => ({
    name: `winograd ${side}×${side}`,
    lower: (lowering) => lower(lowering, side),
  })) as [Variant, Variant];
  const { images, height, width } = setting.output;
  const isLikely = target.subgroupLanes > 0 &&
    images * divideUp(height, 4) * divideUp(width, 4) >= fewestTiles;
  return isLikely
    ? [four, tiled[0]!, two, ...tiled.slice(1)]
    : [tiled[0]!, four, ...tiled.slice(1, -1), two, tiled.at(-1)!];
}

function suitsWinograd(target: Target, { kernel, window, input, output }: Setting): boolean {
  const { stride, dilation, padding } = windowOf(window);
  const isPlain = `${kernel}` === "3,3" && Math.max(...stride, ...dilation) === 1 &&
    Math.max(...padding) <= 2;
  const weights = 4 * divideUp(input.channels, 4) * divideUp(output.channels, 4);
  return isPlain && Math.min(input.channels, output.channels) >= fewestChannels &&
    16 * pointCount(4) * weights <= target.maxBindingBytes;
}

/** A run of tiles that go through together, as the kernels' Params name it. */
interface Slab {
  tile_rows: number;
  tile_columns: number;
  first_tile: number;
  tiles: number;
}

/** The output's tiles in slabs of at most `size`, so that `quads` quads of channels of a slab take no more than they should. */
function slabsOf(output: ImageShape, side: TileSide, quads: number): { size: number; slabs: Slab[] } {
  const [tile_rows, tile_columns] = [divideUp(output.height, side), divideUp(output.width, side)];
  const count = output.images * tile_rows * tile_columns;
  const most = Math.max(1, Math.floor(slabBytes / (pointCount(side) * quads * 16)));
  const size = divideUp(count, divideUp(count, most));
  const slabs = Array.from({ length: divideUp(count, size) }, (_, index) => ({
    tile_rows,
    tile_columns,
    first_tile: index * size,
    tiles: Math.min(size, count - index * size),
  }));
  return { size, slabs };
}

function pointCount(side: TileSide): number {
  return (side + 2) ** 2;
}

/** Leaves a convolution's values, or with `adjoint` a transposed one's, bias added, open to an epilogue. */
export function winogradConvolution(lowering: Lowering, request: ConvolutionRequest, side: TileSide): void {
  const { node, x, weight, input, output, window, adjoint } = request;
  const [inQuads, outQuads] = [divideUp(input.channels, 4), divideUp(output.channels, 4)];
  const { size, slabs } = slabsOf(output, side, Math.max(inQuads, outQuads));
  const points = pointCount(side);
  const u = new Scratch(16 * points * 4 * inQuads * outQuads, `${node.label} weights`);
  const v = new Scratch(16 * points * size * inQuads, `${node.label} tiles`);
  const m = new Scratch(16 * points * size * outQuads, `${node.label} products`);
  transformWeight(lowering, { w: weight, u }, { side, adjoint });
  const [top, left] = window.padding;
  const [padY, padX] = adjoint ? [2 - top, 2 - left] : [top, left];
  const loaded = adjoint ? { x, relu: false } : unnormalised(x);
  const { flops } = node.operation.cost(node);
  for (const slab of slabs) {
    transformInput(lowering, loaded, v, { side, input, slab, padY, padX });
    const share = slab.tiles / (slabs.at(-1)!.first_tile + slabs.at(-1)!.tiles);
    // Counted as the plain sum's arithmetic, so that rates compare.
    const product = { batch: points, rows: slab.tiles, inQuads, outQuads };
    batchedProduct(lowering, { x: v, w: u, y: m }, product, { adjoint, flops: flops * share });
    transformOutput(lowering, request, m, side, slab);
  }
}

/** The adjoint's taps are met in reverse order. */
function transformWeight(
  lowering: Lowering,
  { w, u }: { w: Tensor; u: Scratch },
  { side, adjoint }: { side: TileSide; adjoint: boolean },
): void {
  const quads = quadCount(w) / 9;
  lowering.dispatch({
    kernel: weightKernel,
    constants: { M: side, REVERSED: adjoint },
    bindings: { w, u },
    params: { quads },
    workgroups: divideUp(quads, 64),
    flops: 0,
    bytes: 16 * quads * (9 + pointCount(side)),
  });
}

function transformInput(
  lowering: Lowering,
  { x, coefficients, relu }: Loaded,
  v: Scratch,
  { side, input, slab, padY, padX }: {
    side: TileSide;
    input: ImageShape;
    slab: Slab;
    padY: number;
    padX: number;
  },
): void {
  const inQuads = divideUp(input.channels, 4);
  const bindings: Record<string, Operand> = { x, v };
  if (coefficients) bindings.coefficients = coefficients;
  lowering.dispatch({
    kernel: inputKernel,
    constants: { M: side, NORMALISE: coefficients !== undefined, RELU: relu },
    bindings,
    params: {
      in_height: input.height,
      in_width: input.width,
      in_quads: inQuads,
      ...slab,
      pad_y: padY,
      pad_x: padX,
      ...rowParams({ x }),
    },
    workgroups: divideUp(slab.tiles * inQuads, 64),
    flops: 0,
    bytes: 16 * slab.tiles * inQuads * (side ** 2 + pointCount(side)),
  });
}

function transformOutput(
  lowering: Lowering,
  { node, bias, output }: ConvolutionRequest,
  m: Scratch,
  side: TileSide,
  slab: Slab,
): void {
  const outQuads = divideUp(output.channels, 4);
  const bindings: Record<string, Operand> = { m, y: node };
  if (bias) bindings.bias = bias;
  lowering.dispatch({
    kernel: outputKernel,
    constants: { M: side, BIAS: bias !== undefined },
    bindings,
    params: { ...outputParams(output), ...slab, ...rowParams({ y: node }) },
    workgroups: divideUp(slab.tiles * outQuads, 64),
    epilogue: true,
    flops: 0,
    bytes: 16 * slab.tiles * outQuads * (side ** 2 + pointCount(side)),
  });
}

function outputParams({ height, width, channels }: ImageShape) {
  return { out_height: height, out_width: width, out_quads: divideUp(channels, 4) };
}

/** Leaves the gradient of a convolution's weight. */
export function winogradWeightGradient(
  lowering: Lowering,
  { node, x, upstream, input, output, window }: WeightGradientRequest,
  side: TileSide,
): void {
  const [inQuads, outQuads] = [divideUp(input.channels, 4), divideUp(output.channels, 4)];
  const { size, slabs } = slabsOf(output, side, Math.max(inQuads, outQuads));
  const points = pointCount(side);
  const v = new Scratch(16 * points * size * inQuads, `${node.label} tiles`);
  const e = new Scratch(16 * points * size * outQuads, `${node.label} upstream tiles`);
  const quads = 4 * inQuads * outQuads;
  const s = new Scratch(16 * points * quads * slabs.length, `${node.label} sums`);
  const [padY, padX] = window.padding;
  const { flops } = node.operation.cost(node);
  for (const [part, slab] of slabs.entries()) {
    transformInput(lowering, unnormalised(x), v, { side, input, slab, padY, padX });
    lowering.dispatch({
      kernel: upstreamKernel,
      constants: { M: side },
      bindings: { d: upstream, e },
      params: { ...outputParams(output), ...slab, ...rowParams({ d: upstream }) },
      workgroups: divideUp(slab.tiles * outQuads, 64),
      flops: 0,
      bytes: 16 * slab.tiles * outQuads * (side ** 2 + points),
    });
    const share = slab.tiles / (slabs.at(-1)!.first_tile + slabs.at(-1)!.tiles);
    const product = { batch: points, rows: slab.tiles, inQuads, outQuads };
    batchedOuterProduct(lowering, { x: v, d: e, y: s }, product, {
      firstPart: part * points,
      flops: flops * share,
    });
  }
  lowering.dispatch({
    kernel: weightGradientKernel,
    constants: { M: side },
    bindings: { s, y: node },
    params: { quads, parts: slabs.length },
    workgroups: divideUp(quads, 64),
    flops: 0,
    bytes: 16 * quads * (9 + points * slabs.length),
  });
}
