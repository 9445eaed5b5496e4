/** The ways to compute a convolution, or its adjoint, of which the plan takes one. */

import type { Lowering, Target, Tunable, Variant } from "../../graph/lowering.ts";
import { divideUp } from "../../graph/layout.ts";
import { type ConvolutionRequest, phasesOf, tiledConvolution, tilesFor } from "./product.ts";
import { shapeClassOf } from "./window.ts";
import { winogradConvolution, withWinograd } from "./winograd.ts";

/** Leaves the node's values, bias added, open to an epilogue, by the variant that the target chooses. */
export function dispatchConvolution(lowering: Lowering, request: ConvolutionRequest): void {
  lowering.choose(tunableOf(request, lowering.target));
}

function tunableOf(request: ConvolutionRequest, target: Target): Tunable {
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
