/** The gradient of a convolution's weight: Σ over images and positions of input times upstream gradient, for each tap. */

import { divideUp, elementCount, floatType, roundUp, storedCount } from "../graph/layout.ts";
import { type Kernel, type Operand, Scratch, type Target } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import subgroupSource from "../../kernels/conv2d_weight_gradient_subgroup.wgsl" with { type: "text" };
import workgroupSource from "../../kernels/conv2d_weight_gradient_workgroup.wgsl" with { type: "text" };
import {
  convolutionCost,
  convolvedSize,
  forEachTap,
  imageParams,
  splitCount,
  type Window,
  windowParams,
} from "./convolution.ts";
import { sumPartials } from "./sum_partials.ts";
import { unnormalised } from "./normalisation.ts";
import { floatOf, imageShape, notDifferentiable, requireType, rowParams } from "./support.ts";

const subgroupKernel: Kernel = { name: "conv2d_weight_gradient_subgroup", source: subgroupSource };
const workgroupKernel: Kernel = { name: "conv2d_weight_gradient_workgroup", source: workgroupSource };

/** Chunks of fewer positions than this cost more in partial sums than they win in parallel work. */
const shortestChunk = 128;

interface Attributes extends Window {
  /** [height, width]. */
  kernel: readonly number[];
}

/** What one workgroup computes: units (quads of a tap's input channels) by quads, `step` positions at a time. */
interface Tile {
  kernel: Kernel;
  units: number;
  quads: number;
  step: number;
  constants: Record<string, number | boolean>;
}

/** Large tiles where there are rows and columns enough: a pointwise convolution has few of the former. */
function subgroupTile(
  { subgroupLanes: lanes, subgroupsNeedEnable }: Target,
  taps: number,
  columns: number,
): Tile {
  const isLarge = taps > 1 && columns >= 2 * lanes;
  const [ROWS, QUADS, STEP] = isLarge ? [2, 2, lanes] : [1, 1, lanes / 2];
  const constants = { LANES: lanes, ROWS, QUADS, STEP, SUBGROUPS_ENABLE: subgroupsNeedEnable };
  return { kernel: subgroupKernel, units: lanes * ROWS, quads: lanes * QUADS, step: lanes, constants };
}

const workgroupTile: Tile = { kernel: workgroupKernel, units: 16, quads: 16, step: 16, constants: {} };

/** True where each position meets itself only. */
function isPointwise(kernel: readonly number[], { stride, padding }: Window): boolean {
  return elementCount(kernel) === 1 && Math.max(...stride) === 1 && Math.max(...padding) === 0;
}

const conv2dWeightGradientOperation: Operation<Attributes> = {
  name: "conv2d_weight_gradient",
  infer([x, upstream], attributes) {
    const { kernel } = attributes;
    const input = imageShape("conv2d_weight_gradient", x!);
    const output = imageShape("conv2d_weight_gradient", upstream!);
    const expected = [input.images, output.channels, ...convolvedSize(input, kernel, attributes)];
    requireType("conv2d_weight_gradient", "upstream gradient", upstream!, expected, floatOf(x!));
    return floatType([output.channels, input.channels, kernel[0]!, kernel[1]!], "taps_first");
  },
  gradient: notDifferentiable("conv2d_weight_gradient"),
  lower(node, lowering) {
    const [x, upstream] = node.inputs;
    const { kernel } = node.attributes as Attributes;
    const [input, output] = [imageShape("input", x!.type), imageShape("upstream", upstream!.type)];
    const { target } = lowering;
    const tile = target.subgroupLanes > 0
      ? subgroupTile(target, elementCount(kernel), divideUp(output.channels, 4))
      : workgroupTile;
    const rowTiles = divideUp(elementCount(kernel) * divideUp(input.channels, 4), tile.units);
    const columnTiles = divideUp(divideUp(output.channels, 4), tile.quads);
    const positions = output.images * output.height * output.width;
    const split = splitCount(target, rowTiles * columnTiles, positions, shortestChunk);
    const chunk = roundUp(divideUp(positions, split), tile.step);
    const parts = divideUp(positions, chunk);
    const partial = parts > 1
      ? new Scratch(4 * parts * storedCount(node.type), `${node.label} partial`)
      : undefined;
    const loaded = unnormalised(x!);
    const bindings: Record<string, Operand> = { x: loaded.x, d: upstream!, y: partial ?? node };
    if (loaded.coefficients) bindings.coefficients = loaded.coefficients;
    lowering.dispatch({
      kernel: tile.kernel,
      constants: {
        ...tile.constants,
        POINTWISE: isPointwise(kernel, node.attributes),
        NORMALISE: loaded.coefficients !== undefined,
        RELU: loaded.relu,
      },
      bindings,
      params: {
        ...imageParams(input, output),
        ...windowParams(kernel, node.attributes),
        chunk,
        row_tiles: rowTiles,
        column_tiles: columnTiles,
        tiles: rowTiles * columnTiles * parts,
        ...rowParams({ x: loaded.x, d: upstream! }),
      },
      workgroups: rowTiles * columnTiles * parts,
      ...node.operation.cost(node),
    });
    if (partial) sumPartials(lowering, partial, node, parts);
  },
  reference([x, upstream], node) {
    const [input, output] = [
      imageShape("input", node.inputs[0]!.type),
      imageShape("upstream", node.inputs[1]!.type),
    ];
    const { kernel } = node.attributes as Attributes;
    const [inPixels, outPixels, taps] = [
      input.height * input.width,
      output.height * output.width,
      elementCount(kernel),
    ];
    const gradient = new Float64Array(elementCount(node.shape));
    for (let n = 0; n < input.images; n++) {
      for (let o = 0; o < output.channels; o++) {
        for (let i = 0; i < input.channels; i++) {
          const from = (n * input.channels + i) * inPixels;
          const at = (n * output.channels + o) * outPixels;
          const row = (o * input.channels + i) * taps;
          forEachTap(input, output, kernel, node.attributes, (inAt, outAt, tap) => {
            gradient[row + tap]! += x![from + inAt]! * upstream![at + outAt]!;
          });
        }
      }
    }
    return gradient;
  },
  cost: (node) =>
    convolutionCost(node, elementCount(node.inputs[1]!.shape) * elementCount(node.shape.slice(1))),
};

/** x [B, in, H, W], upstream [B, out, H', W']; the result is [out, in, kh, kw]. */
export function conv2dWeightGradient(
  x: Tensor,
  upstream: Tensor,
  kernel: readonly number[],
  window: Window,
): Tensor {
  const { stride, padding, dilation } = window;
  return apply(conv2dWeightGradientOperation, [x, upstream], { stride, padding, dilation, kernel });
}

export { conv2dWeightGradientOperation };
