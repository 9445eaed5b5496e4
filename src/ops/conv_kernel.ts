/** The choice of tile for a convolution, and its dispatch: forward, or as the adjoint with the window the other way. */

import { divideUp, type Shape } from "../graph/layout.ts";
import type { Kernel, Lowering, Operand, Target } from "../graph/lowering.ts";
import type { Tensor } from "../graph/tensor.ts";
import narrowSource from "../../kernels/conv2d_narrow_subgroup.wgsl" with { type: "text" };
import subgroupSource from "../../kernels/conv2d_subgroup.wgsl" with { type: "text" };
import workgroupSource from "../../kernels/conv2d_workgroup.wgsl" with { type: "text" };
import { imageParams, type Window, windowParams } from "./convolution.ts";
import { unnormalised } from "./normalisation.ts";
import { type ImageShape, rowParams } from "./support.ts";

const subgroupKernel: Kernel = { name: "conv2d_subgroup", source: subgroupSource };
const narrowKernel: Kernel = { name: "conv2d_narrow_subgroup", source: narrowSource };
const workgroupKernel: Kernel = { name: "conv2d_workgroup", source: workgroupSource };

/** What a convolution's dispatch needs to know. */
export interface ConvolutionDispatch {
  node: Tensor;
  x: Tensor;
  weight: Tensor;
  bias?: Tensor;
  input: ImageShape;
  output: ImageShape;
  kernel: Shape;
  window: Window;
  /** True for the transposed convolution. */
  adjoint: boolean;
}

/** One dispatch that leaves the node's values, bias added, open to an epilogue. */
export function dispatchConvolution(lowering: Lowering, request: ConvolutionDispatch): void {
  const { node, x, weight, bias, input, output, kernel, window, adjoint } = request;
  const { target } = lowering;
  // The adjoint's positions are grouped by their remainder modulo the stride; forward there is one group.
  const [strideY, strideX] = adjoint ? window.stride : [1, 1];
  const phase = { height: divideUp(output.height, strideY), width: divideUp(output.width, strideX) };
  const positions = input.images * phase.height * phase.width;
  const columns = divideUp(output.channels, 4);
  const shape = target.subgroupLanes > 0 ? subgroupTile(target, positions, columns) : workgroupTile;
  const rowTiles = divideUp(positions, shape.rows);
  const columnTiles = divideUp(columns, shape.quads);
  const tiles = rowTiles * columnTiles * strideY * strideX;
  // The adjoint's input is a gradient or a code's vector, never a normalisation's result.
  const loaded = adjoint ? { x, coefficients: undefined, relu: false } : unnormalised(x);
  const bindings: Record<string, Operand> = { x: loaded.x, w: weight, y: node };
  if (bias) bindings.bias = bias;
  if (loaded.coefficients) bindings.coefficients = loaded.coefficients;
  lowering.dispatch({
    kernel: shape.kernel,
    constants: {
      ...shape.constants,
      ADJOINT: adjoint,
      BIAS: bias !== undefined,
      NORMALISE: loaded.coefficients !== undefined,
      RELU: loaded.relu,
    },
    bindings,
    params: {
      ...imageParams(input, output),
      ...windowParams(kernel, window),
      phase_height: phase.height,
      phase_width: phase.width,
      row_tiles: rowTiles,
      column_tiles: columnTiles,
      tiles,
      ...rowParams({ x: loaded.x, y: node }),
    },
    workgroups: tiles,
    epilogue: true,
    ...node.operation.cost(node),
  });
}

/** What one workgroup computes: positions by quads of channels. */
interface Tile {
  kernel: Kernel;
  rows: number;
  quads: number;
  constants: Record<string, number | boolean>;
}

/**
 * 32 positions by 64 channels a subgroup of 8, or by 32 where there are fewer: the fastest on software adapters, whose vectors
 * are that wide; fewer positions where the whole tensor has no more. For one quad of channels alone the lanes are positions.
 * A sum's order is the same in all of them.
 */
function subgroupTile(
  { subgroupLanes: lanes, subgroupsNeedEnable }: Target,
  positions: number,
  columns: number,
): Tile {
  const ROWS = positions <= lanes ? 1 : positions <= 2 * lanes ? 2 : 4;
  const constants = { LANES: lanes, ROWS, SUBGROUPS_ENABLE: subgroupsNeedEnable };
  const rows = lanes * ROWS;
  if (columns === 1) return { kernel: narrowKernel, rows, quads: 1, constants };
  const QUADS = columns >= 2 * lanes ? 2 : 1;
  return { kernel: subgroupKernel, rows, quads: lanes * QUADS, constants: { ...constants, QUADS } };
}

/** 64 positions by 64 channels a workgroup of 128, staged through workgroup memory. */
const workgroupTile: Tile = { kernel: workgroupKernel, rows: 64, quads: 16, constants: {} };
