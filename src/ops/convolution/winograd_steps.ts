/** The dispatches of Winograd's convolution, one function for each step; `winograd.ts` explains the algorithm. */

import { divideUp } from "../../graph/layout.ts";
import { type Kernel, type Lowering, type Operand, Scratch } from "../../graph/lowering.ts";
import type { Tensor } from "../../graph/tensor.ts";
import inputSource from "../../../kernels/winograd_input.wgsl" with { type: "text" };
import outputSource from "../../../kernels/winograd_output.wgsl" with { type: "text" };
import upstreamSource from "../../../kernels/winograd_upstream.wgsl" with { type: "text" };
import weightSource from "../../../kernels/winograd_weight.wgsl" with { type: "text" };
import weightGradientSource from "../../../kernels/winograd_weight_gradient.wgsl" with { type: "text" };
import { kernelParts } from "../kernel_parts.ts";
import type { ConvolutionRequest } from "./product.ts";
import type { Loaded } from "../normalisation.ts";
import { type ImageShape, quadCount, rowParams } from "../support.ts";

const inputKernel: Kernel = { name: "winograd_input", source: inputSource, parts: kernelParts };
const weightKernel: Kernel = { name: "winograd_weight", source: weightSource, parts: kernelParts };
const outputKernel: Kernel = { name: "winograd_output", source: outputSource, parts: kernelParts };
const upstreamKernel: Kernel = { name: "winograd_upstream", source: upstreamSource, parts: kernelParts };
const weightGradientKernel: Kernel = {
  name: "winograd_weight_gradient",
  source: weightGradientSource,
  parts: kernelParts,
};

/** One variant of the algorithm. */
export interface Algorithm {
  /** The outputs of a tile are side × side. */
  side: 2 | 4;
  /** The taps of a tile's window are taps × taps: 3 for a 3×3 window, 2 for a phase of a 4×4 window with stride 2. */
  taps: 2 | 3;
  /** 4 for a 4×4 window with stride 2, otherwise 1. */
  phases: 1 | 4;
  /** True for the adjoint in phases: an output depends on one of the phases. Otherwise it depends on all of them. */
  spread: boolean;
}

/** The number of points at which a tile is evaluated: (side + taps − 1)². */
export function pointCount({ side, taps }: Pick<Algorithm, "side" | "taps">): number {
  return (side + taps - 1) ** 2;
}

function constantsOf({ side, taps, phases, spread }: Algorithm) {
  return { M: side, TAPS: taps, N: side + taps - 1, PHASES: phases, SPREAD: spread };
}

/** A range of tiles that is transformed at once; the names are those of the kernels' Params. */
export interface Slab {
  tile_rows: number;
  tile_columns: number;
  first_tile: number;
  tiles: number;
}

const threads = 64;

function workgroups(count: number) {
  return { workgroups: divideUp(count, threads), flops: 0 };
}

/** Transforms the weight w to its values u at the points. The adjoint takes the taps in reverse order. */
export function transformWeight(
  lowering: Lowering,
  { w, u }: { w: Tensor; u: Scratch },
  algorithm: Algorithm,
  adjoint: boolean,
): void {
  const { taps, phases } = algorithm;
  const quads = quadCount(w) / (phases * taps ** 2);
  lowering.dispatch({
    kernel: weightKernel,
    constants: { ...constantsOf(algorithm), REVERSED: adjoint },
    bindings: { w, u },
    params: { quads },
    ...workgroups(phases * quads),
    bytes: 16 * phases * quads * (taps ** 2 + pointCount(algorithm)),
  });
}

/**
 * Transforms tiles of the input to their values v at the points. `padding` is used for one phase; four have their own.
 */
export function transformInput(
  lowering: Lowering,
  { x, coefficients, relu }: Loaded,
  v: Scratch,
  algorithm: Algorithm,
  { input, slab, padding: [pad_y, pad_x] }: {
    input: ImageShape;
    slab: Slab;
    padding: readonly [number, number];
  },
): void {
  const inQuads = divideUp(input.channels, 4);
  const { side, phases, spread } = algorithm;
  const bindings: Record<string, Operand> = { x, v };
  if (coefficients) bindings.coefficients = coefficients;
  const tiles = slab.tiles * phases * inQuads;
  lowering.dispatch({
    kernel: inputKernel,
    constants: {
      ...constantsOf(algorithm),
      STEP: phases === 4 && !spread ? 2 : 1,
      NORMALISE: coefficients !== undefined,
      RELU: relu,
    },
    bindings,
    params: {
      in_height: input.height,
      in_width: input.width,
      in_quads: inQuads,
      ...slab,
      pad_y,
      pad_x,
      ...rowParams({ x }),
    },
    ...workgroups(tiles),
    bytes: 16 * tiles * (side ** 2 + pointCount(algorithm)),
  });
}

function outputParams({ height, width, channels }: ImageShape) {
  return { out_height: height, out_width: width, out_quads: divideUp(channels, 4) };
}

/** Transforms the products m at the points to the output's tiles, adds the bias and takes an epilogue. */
export function transformOutput(
  lowering: Lowering,
  { node, bias, output }: ConvolutionRequest,
  m: Scratch,
  algorithm: Algorithm,
  slab: Slab,
): void {
  const bindings: Record<string, Operand> = { m, y: node };
  if (bias) bindings.bias = bias;
  const tiles = slab.tiles * divideUp(output.channels, 4) * (algorithm.spread ? 4 : 1);
  lowering.dispatch({
    kernel: outputKernel,
    constants: { ...constantsOf(algorithm), BIAS: bias !== undefined },
    bindings,
    params: { ...outputParams(output), ...slab, ...rowParams({ y: node }) },
    ...workgroups(tiles),
    epilogue: true,
    bytes: 16 * tiles * (algorithm.side ** 2 + pointCount(algorithm)),
  });
}

/** Transforms tiles of the upstream gradient d to their values e at the points. */
export function transformUpstream(
  lowering: Lowering,
  { d, e }: { d: Tensor; e: Scratch },
  algorithm: Algorithm,
  output: ImageShape,
  slab: Slab,
): void {
  const tiles = slab.tiles * divideUp(output.channels, 4);
  lowering.dispatch({
    kernel: upstreamKernel,
    constants: constantsOf(algorithm),
    bindings: { d, e },
    params: { ...outputParams(output), ...slab, ...rowParams({ d }) },
    ...workgroups(tiles),
    bytes: 16 * tiles * (algorithm.side ** 2 + pointCount(algorithm)),
  });
}

/** Adds up `parts` sums s at the points and transforms them to the weight gradient y. */
export function transformWeightGradient(
  lowering: Lowering,
  { s, y }: { s: Scratch; y: Tensor },
  algorithm: Algorithm,
  parts: number,
): void {
  const { taps, phases } = algorithm;
  const quads = quadCount(y) / (phases * taps ** 2);
  lowering.dispatch({
    kernel: weightGradientKernel,
    constants: constantsOf(algorithm),
    bindings: { s, y },
    params: { quads, parts },
    ...workgroups(phases * quads),
    bytes: 16 * phases * quads * (taps ** 2 + pointCount(algorithm) * parts),
  });
}
