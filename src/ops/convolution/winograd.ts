/**
 * Convolution by Winograd's minimal filtering (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural
 * Networks"): M × M outputs of a 3×3 window take (M + 2)² products instead of 9·M².
 *
 * The taps g and a tile d of the input are read as polynomials, and the convolution is their product. A product of
 * polynomials is determined by its values at N = M + taps − 1 points: y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. Over all tiles
 * and channels, the term in brackets is one matrix product for each of the N² points. For M = 4 and three taps the
 * points are 0, ±√½, ±√2 and ∞: they double the error of the plain sum, whereas the usual points 0, ±1, ±2 and ∞ make
 * it seven times as large (random data, 128 channels, float32).
 *
 * The input gradient is the same with the taps in reverse order. The weight gradient follows from the same identity,
 * solved for g: Gᵀ [Σ (A dy Aᵀ) ⊙ (Bᵀ d B)] G.
 *
 * A 4×4 window with stride 2 is four windows of 2×2 taps, one for each phase of the input: its rows and columns with
 * the same remainders modulo 2. Forward, the phases act as four times the input channels, and their products are summed
 * before they are transformed back. In the adjoint each phase of the output has a product of its own.
 *
 * Tiles are computed in slabs, so that the values between the steps stay small and in a cache.
 */

import { divideUp, type Shape } from "../../graph/layout.ts";
import { type Lowering, Scratch, type Target } from "../../graph/lowering.ts";
import { batchedProduct, type ConvolutionRequest } from "./product.ts";
import { type Window, windowOf } from "./window.ts";
import { unnormalised } from "../normalisation.ts";
import type { ImageShape } from "../support.ts";
import { batchedOuterProduct, type WeightGradientRequest } from "./weight_gradient_product.ts";
import {
  type Algorithm,
  pointCount,
  type Slab,
  transformInput,
  transformOutput,
  transformUpstream,
  transformWeight,
  transformWeightGradient,
} from "./winograd_steps.ts";

/** The largest size of a slab's transformed values, so that they stay in the last-level cache of a CPU or a GPU. */
const slabBytes = 2 ** 23;
/** With fewer channels the transforms cost more than the products save. */
const fewestChannels = 8;

/** What decides which variants of the algorithm fit a convolution. */
export interface Setting {
  kernel: Shape;
  window: Window;
  input: ImageShape;
  output: ImageShape;
  purpose: "convolution" | "adjoint" | "weight gradient";
}

/** The numbers of 4×4 tiles that cover the images that the algorithm tiles. */
export function tileCounts({ input, output, purpose }: Setting): { ofImage: number; ofBatch: number } {
  const { images, height, width } = purpose === "adjoint" ? input : output;
  const ofImage = divideUp(height, 4) * divideUp(width, 4);
  return { ofImage, ofBatch: images * ofImage };
}

/**
 * The variants of the algorithm that fit a convolution and whose transformed weights the adapter can bind, the best
 * first.
 */
export function algorithmsFor(target: Target, setting: Setting): Algorithm[] {
  const { input, output } = setting;
  if (Math.min(input.channels, output.channels) < fewestChannels) return [];
  const pairs = divideUp(input.channels, 4) * output.channels;
  return variantsOf(setting).filter((algorithm) =>
    16 * algorithm.phases * pointCount(algorithm) * pairs <= target.maxBindingBytes
  );
}

function variantsOf({ kernel, window, purpose }: Setting): Algorithm[] {
  const { stride, dilation, padding } = windowOf(window);
  if (Math.max(...dilation) > 1) return [];
  if (`${kernel}` === "3,3" && Math.max(...stride) === 1 && Math.max(...padding) <= 2) {
    return [4, 2].map((side) => ({ side: side as 2 | 4, taps: 3, phases: 1, spread: false }));
  }
  const halves = `${kernel}` === "4,4" && `${stride}` === "2,2" && `${padding}` === "1,1,1,1";
  return halves ? [{ side: 4, taps: 2, phases: 4, spread: purpose === "adjoint" }] : [];
}

/**
 * Divides the tiles of images into slabs of equal size (the last can be smaller), so that the transformed values of a
 * slab, `quads` for each tile and point, stay within {@linkcode slabBytes}. `share` is a slab's share of all tiles.
 */
function slabsOf(
  { images, height, width }: Pick<ImageShape, "images" | "height" | "width">,
  algorithm: Algorithm,
  quads: number,
): { size: number; slabs: Slab[]; share: (slab: Slab) => number } {
  const [tile_rows, tile_columns] = [divideUp(height, algorithm.side), divideUp(width, algorithm.side)];
  const count = images * tile_rows * tile_columns;
  const most = Math.max(1, Math.floor(slabBytes / (pointCount(algorithm) * quads * 16)));
  const size = divideUp(count, divideUp(count, most));
  const slabs = Array.from({ length: divideUp(count, size) }, (_, index) => ({
    tile_rows,
    tile_columns,
    first_tile: index * size,
    tiles: Math.min(size, count - index * size),
  }));
  return { size, slabs, share: ({ tiles }) => tiles / count };
}

/** Dispatches a convolution or its adjoint. The last step adds the bias and takes an epilogue. */
export function winogradConvolution(
  lowering: Lowering,
  request: ConvolutionRequest,
  algorithm: Algorithm,
): void {
  const { node, x, weight, input, output, window, adjoint } = request;
  const { phases, spread } = algorithm;
  const points = pointCount(algorithm);
  // The phases multiply the number of products (spread) or the length of their sums.
  const batch = spread ? phases * points : points;
  const inQuads = divideUp(input.channels, 4) * (spread ? 1 : phases);
  const outQuads = divideUp(output.channels, 4);
  const tiled = spread ? halved(output) : output;
  const widest = Math.max(inQuads, outQuads) * (spread ? phases : 1);
  const { size, slabs, share } = slabsOf(tiled, algorithm, widest);
  const u = new Scratch(16 * batch * 4 * inQuads * outQuads, `${node.label} weights`);
  const v = new Scratch(16 * batch * size * inQuads, `${node.label} tiles`);
  const m = new Scratch(16 * batch * size * outQuads, `${node.label} products`);
  const [top, left] = window.padding;
  const padding = adjoint ? [2 - top, 2 - left] as const : [top, left] as const;
  const loaded = adjoint ? { x, relu: false } : unnormalised(x);
  const { flops } = node.operation.cost(node);
  transformWeight(lowering, { w: weight, u }, algorithm, adjoint);
  for (const slab of slabs) {
    transformInput(lowering, loaded, v, algorithm, { input, slab, padding });
    // The arithmetic of the plain sum is counted, so that rates can be compared.
    const product = { batch, rows: slab.tiles, inQuads, outQuads };
    batchedProduct(lowering, { x: v, w: u, y: m }, product, { adjoint, flops: flops * share(slab) });
    transformOutput(lowering, request, m, algorithm, slab);
  }
}

/** The shape of one phase of images. */
function halved({ images, height, width }: ImageShape) {
  return { images, height: divideUp(height, 2), width: divideUp(width, 2) };
}

/** Dispatches the gradient of a convolution's weight. */
export function winogradWeightGradient(
  lowering: Lowering,
  { node, x, upstream, input, output, window: { padding: [top, left] } }: WeightGradientRequest,
  algorithm: Algorithm,
): void {
  const points = pointCount(algorithm);
  const inQuads = divideUp(input.channels, 4) * algorithm.phases;
  const outQuads = divideUp(output.channels, 4);
  const { size, slabs, share } = slabsOf(output, algorithm, Math.max(inQuads, outQuads));
  const v = new Scratch(16 * points * size * inQuads, `${node.label} tiles`);
  const e = new Scratch(16 * points * size * outQuads, `${node.label} upstream tiles`);
  const s = new Scratch(16 * points * 4 * inQuads * outQuads * slabs.length, `${node.label} sums`);
  const { flops } = node.operation.cost(node);
  for (const [part, slab] of slabs.entries()) {
    transformInput(lowering, unnormalised(x), v, algorithm, { input, slab, padding: [top, left] });
    transformUpstream(lowering, { d: upstream, e }, algorithm, output, slab);
    const product = { batch: points, rows: slab.tiles, inQuads, outQuads };
    batchedOuterProduct(lowering, { x: v, d: e, y: s }, product, {
      firstPart: part * points,
      flops: flops * share(slab),
    });
  }
  transformWeightGradient(lowering, { s, y: node }, algorithm, slabs.length);
}
