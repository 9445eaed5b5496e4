/** The steps of Winograd's convolution, a dispatch each; winograd.ts tells what they are for. */

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

/** One form of the algorithm. */
export interface Algorithm {
  /** Outputs on a tile's side. */
  side: 2 | 4;
  /** Taps on the side of the window that a tile meets: 3, or the 2 of a phase of a 4×4 window that moves by two. */
  taps: 2 | 3;
  /** Phases of the window, on which all of an output depends, or with `spread` every fourth output on one. */
  phases: 1 | 4;
  spread: boolean;
}

/** The points at which polynomials are known: (side + taps − 1)². */
export function pointCount({ side, taps }: Pick<Algorithm, "side" | "taps">): number {
  return (side + taps - 1) ** 2;
}

function constantsOf({ side, taps, phases, spread }: Algorithm) {
  return { M: side, TAPS: taps, N: side + taps - 1, PHASES: phases, SPREAD: spread };
}

/** A run of tiles that go through together, as the kernels' Params name it. */
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

/** The weights at the points; the adjoint's taps are met in reverse order. */
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

/** Tiles of the input at the points. The padding is that of plain windows; phases bring their own. */
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

/** From products at the points to the output's tiles, bias added, open to an epilogue. */
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

/** Tiles of a convolution's upstream gradient at the points. */
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

/** From `parts` sums at the points to the weight's gradient. */
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
