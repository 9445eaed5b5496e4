/** The variants of a convolution, of its adjoint and of its weight gradient, of which the plan chooses one. */

import { divideUp, roundUp, type Shape } from "../../graph/layout.ts";
import type { Lowering, Target, Tunable, Variant } from "../../graph/lowering.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { ImageShape } from "../support.ts";
import { type ConvolutionRequest, phasesOf, tiledConvolution } from "./product.ts";
import { tilesFor } from "./product_tiles.ts";
import { extentsOf, tiledWeightGradient, type WeightGradientRequest } from "./weight_gradient_product.ts";
import { weightGradientTilesFor } from "./weight_gradient_tiles.ts";
import { type Window, windowOf } from "./window.ts";
import {
  algorithmsFor,
  type Setting,
  tileCounts,
  winogradConvolution,
  winogradWeightGradient,
} from "./winograd.ts";
import type { Algorithm } from "./winograd_steps.ts";

/** The variants of a convolution or of its adjoint. Each adds the bias and takes an epilogue. */
export function convolutionTunable(request: ConvolutionRequest, target: Target): Tunable {
  const { node, kernel, window, input, output } = request;
  const { positions, count } = phasesOf(request);
  const tiles = tilesFor(target, {
    rows: positions,
    columns: divideUp(output.channels, 4),
    inner: divideUp(input.channels, 4),
    count,
  });
  const tiled = tiles.map((tile): Variant => ({
    name: tile.name,
    lower: (lowering) => tiledConvolution(lowering, request, tile),
  }));
  const variants = withWinograd(
    tiled,
    target,
    { ...request, purpose: request.adjoint ? "adjoint" : "convolution" },
    (lowering, algorithm) => winogradConvolution(lowering, request, algorithm),
  );
  return { shapeClass: shapeClassOf(node, kernel, window, input, output), node, variants };
}

/** The variants of a weight gradient. */
export function weightGradientTunable(request: WeightGradientRequest, target: Target): Tunable {
  const { node, kernel, window, input, output } = request;
  const tiled = weightGradientTilesFor(target, extentsOf(request)).map((tile): Variant => ({
    name: tile.name,
    lower: (lowering) => tiledWeightGradient(lowering, request, tile),
  }));
  const variants = withWinograd(
    tiled,
    target,
    { kernel, window, input, output, purpose: "weight gradient" },
    (lowering, algorithm) => winogradWeightGradient(lowering, request, algorithm),
  );
  return { shapeClass: shapeClassOf(node, kernel, window, input, output), node, variants };
}

/** `tiled` with the variants of Winograd's algorithm added: at the front if they are likely to be the fastest. */
function withWinograd(
  tiled: readonly Variant[],
  target: Target,
  setting: Setting,
  lower: (lowering: Lowering, algorithm: Algorithm) => void,
): Variant[] {
  const algorithms = algorithmsFor(target, setting);
  const [best, ...others] = algorithms.map((algorithm): Variant => ({
    name: `winograd ${algorithm.side}×${algorithm.side}`,
    lower: (lowering) => lower(lowering, algorithm),
  }));
  if (!best) return [...tiled];
  return target.subgroupLanes > 0 && hasEnoughTiles(setting, algorithms[0]!)
    ? [best, tiled[0]!, ...others, ...tiled.slice(1)]
    : [tiled[0]!, best, ...tiled.slice(1, -1), ...others, tiled.at(-1)!];
}

/**
 * The numbers of tiles from which Winograd's algorithm is faster on software adapters; with fewer, transforming the
 * weights takes longer than the products save. For a convolution the tiles of one image are counted, so that an image's
 * values do not depend on its batch.
 */
const fewestTiles = { ofImage: 4, ofBatch: 32, ofBatchInPhases: 128 };

function hasEnoughTiles(setting: Setting, { phases }: Algorithm): boolean {
  const { ofImage, ofBatch } = tileCounts(setting);
  if (setting.purpose !== "weight gradient") return ofImage >= fewestTiles.ofImage;
  return ofBatch >= (phases === 1 ? fewestTiles.ofBatch : fewestTiles.ofBatchInPhases);
}

/** Above this number of channels, all counts up to the next multiple are one class: dense blocks have many counts. */
const channelStep = 128;

/**
 * The class of shapes whose nodes share one choice: operation, window and shapes in words. Batch sizes up to the next
 * power of two are one class, and so are all paddings. The text is stored in tuning caches and checkpoints.
 */
function shapeClassOf(
  { operation, inputs }: Tensor,
  kernel: Shape,
  window: Window,
  input: ImageShape,
  output: ImageShape,
): string {
  const { stride, dilation } = windowOf(window);
  const about = (channels: number) =>
    channels > channelStep ? `≤${roundUp(channels, channelStep)}` : `${channels}`;
  const extents = ({ channels, height, width }: ImageShape) => `${about(channels)}×${height}×${width}`;
  const images = 2 ** Math.ceil(Math.log2(input.images));
  const spread = Math.max(...dilation) > 1 ? ` dilation ${dilation.join("×")}` : "";
  const halves = inputs[0]!.dtype === "f16" ? " f16" : "";
  return `${operation.name}${halves} ${kernel.join("×")} stride ${stride.join("×")}${spread}, ${
    extents(input)
  } → ${extents(output)}, ${images} images`;
}
