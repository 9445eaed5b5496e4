/** Operations on single elements. The planner fuses them into the kernel that computes their input. */

import { divideUp, elementCount, type FloatType } from "../graph/layout.ts";
import type { Kernel, Lowering } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import source from "../../kernels/elementwise.wgsl" with { type: "text" };
import { anyLayout, scalar } from "./inputs.ts";
import { floatOf, notDifferentiable, quadCount, requireSameType, streamingCost } from "./support.ts";

/** Copies x to y, with the epilogue applied. */
export const elementwiseKernel: Kernel = { name: "elementwise", source, parts: kernelParts };

/** One dispatch over the first input. The planner applies the node's expression after the load. */
function lower(node: Tensor, lowering: Lowering): void {
  const cost = node.operation.cost(node);
  lowering.dispatch({
    kernel: elementwiseKernel,
    constants: {},
    bindings: { x: node.inputs[0]!, y: node },
    params: { quads: quadCount(node) },
    workgroups: divideUp(quadCount(node), 64),
    epilogue: true,
    ...cost,
  });
}

interface Rule<Attributes> {
  name: string;
  /** The WGSL of one quad (vec4f). `operands` are expressions of the inputs' quads. */
  expression(operands: readonly string[], attributes: Attributes): string;
  /** The same for one element, in float64. */
  value(operands: readonly number[], attributes: Attributes): number;
  gradient(node: Tensor, upstream: Tensor): readonly (Tensor | undefined)[];
  /** What errors call the inputs, which have one shape, layout and element type; default: one, "input". */
  elements?: readonly string[];
  /** What errors call the float32 scalars that follow them and go with every element; default: none. */
  scalars?: readonly string[];
  /** Operations on each element; default: 1. */
  flops?: number;
}

/** An operation that one expression describes. The expression must give zero for zeros, so that padding stays zero. */
export function elementwise<Attributes>(
  { name, expression, value, gradient, elements = ["input"], scalars = [], flops = 1 }: Rule<Attributes>,
): Operation<Attributes> {
  return {
    name,
    inputs: [...elements.map((each) => anyLayout(each)), ...scalars.map((each) => scalar(each))],
    infer(inputs) {
      const first = inputs[0]!;
      for (const input of inputs.slice(0, elements.length)) requireSameType(name, first, input);
      return first;
    },
    gradient,
    lower,
    elementwise: (operands, node) => expression(operands, node.attributes),
    reference: (inputs, node) =>
      Float64Array.from(
        { length: elementCount(node.shape) },
        (_, index) =>
          value(inputs.map((input) => input.length === 1 ? input[0]! : input[index]!), node.attributes),
      ),
    cost: (node) => streamingCost(node, flops),
  };
}

/** A WGSL literal that keeps every digit of a float32. */
function literal(value: number): string {
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? `f32(${text})` : `${text}.0`;
}

const reluOperation = elementwise<undefined>({
  name: "relu",
  expression: ([x]) => `max(${x}, vec4f())`,
  value: ([x]) => Math.max(x!, 0),
  gradient: (node, upstream) => [apply(reluGradientOperation, [upstream, node], undefined)],
});

/** Inputs (upstream, y): the upstream gradient where y = relu(x) is positive, else zero. */
const reluGradientOperation = elementwise<undefined>({
  name: "relu_gradient",
  expression: ([upstream, y]) => `select(vec4f(), ${upstream}, ${y} > vec4f())`,
  value: ([upstream, y]) => y! > 0 ? upstream! : 0,
  gradient: notDifferentiable("relu_gradient"),
  elements: ["upstream gradient", "result"],
});

const addOperation = elementwise<undefined>({
  name: "add",
  expression: ([a, b]) => `(${a} + ${b})`,
  value: ([a, b]) => a! + b!,
  gradient: (_, upstream) => [upstream, upstream],
  elements: ["first input", "second input"],
});

const subtractOperation = elementwise<undefined>({
  name: "subtract",
  expression: ([a, b]) => `(${a} - ${b})`,
  value: ([a, b]) => a! - b!,
  gradient: (_, upstream) => [upstream, scale(upstream, -1)],
  elements: ["first input", "second input"],
});

const multiplyOperation = elementwise<undefined>({
  name: "multiply",
  expression: ([a, b]) => `(${a} * ${b})`,
  value: ([a, b]) => a! * b!,
  gradient: ({ inputs }, upstream) => [multiply(upstream, inputs[1]!), multiply(upstream, inputs[0]!)],
  elements: ["first input", "second input"],
});

const scaleOperation = elementwise<{ factor: number }>({
  name: "scale",
  expression: ([x], { factor }) => `(${x} * ${literal(factor)})`,
  value: ([x], { factor }) => x! * factor,
  gradient: ({ attributes }, upstream) => [scale(upstream, attributes.factor)],
});

/** Inputs (a, b, upstream scalar): 2 / count · (a − b) · upstream, the gradient of a mean squared error for a. */
const mseGradientOperation = elementwise<{ factor: number }>({
  name: "mse_gradient",
  expression: ([a, b, upstream], { factor }) => `((${a} - ${b}) * (${literal(factor)} * ${upstream}))`,
  value: ([a, b, upstream], { factor }) => (a! - b!) * factor * upstream!,
  gradient: notDifferentiable("mse_gradient"),
  elements: ["input", "target"],
  scalars: ["upstream gradient"],
  flops: 3,
});

/** x as another float type. A fused kernel reads one type and writes the other. */
const castOperation: Operation<{ dtype: FloatType }> = {
  ...elementwise<{ dtype: FloatType }>({
    name: "cast",
    expression: ([x]) => x!,
    value: ([x]) => x!,
    gradient: ({ inputs: [x] }, upstream) => [cast(upstream, floatOf(x!.type))],
    flops: 0,
  }),
  infer: ([x], { dtype }) => ({ ...x!, dtype }),
};

/**
 * max(x, 0), element by element, for floats of any shape and layout.
 *
 * @example Nodes have shapes, and get values when a plan runs
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { floatType } from "../graph/layout.ts";
 * import { variable } from "./variable.ts";
 *
 * const images = variable(floatType([8, 3, 32, 32], "channels_last"), "images");
 * assertEquals(relu(images).shape, [8, 3, 32, 32]);
 * ```
 *
 * @throws {RangeError} if x does not hold floats
 */
export function relu(x: Tensor): Tensor {
  return apply(reluOperation, [x], undefined);
}

/**
 * a + b, element by element.
 *
 * @throws {RangeError} if the two differ in shape, layout or element type: nothing is broadcast
 */
export function add(a: Tensor, b: Tensor): Tensor {
  return apply(addOperation, [a, b], undefined);
}

/**
 * a − b, element by element.
 *
 * @throws {RangeError} if the two differ in shape, layout or element type: nothing is broadcast
 */
export function subtract(a: Tensor, b: Tensor): Tensor {
  return apply(subtractOperation, [a, b], undefined);
}

/**
 * a · b, element by element.
 *
 * @throws {RangeError} if the two differ in shape, layout or element type: nothing is broadcast
 */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return apply(multiplyOperation, [a, b], undefined);
}

/**
 * x · factor, element by element.
 *
 * @throws {RangeError} if x does not hold floats
 */
export function scale(x: Tensor, factor: number): Tensor {
  return apply(scaleOperation, [x], { factor });
}

/**
 * The gradient of mean((a − b)²) for `a`, times the scalar `upstream` [].
 *
 * @throws {RangeError} if a and b differ in shape, layout or element type, or `upstream` is not a float32 scalar
 */
export function mseGradient(a: Tensor, b: Tensor, upstream: Tensor): Tensor {
  return apply(mseGradientOperation, [a, b, upstream], { factor: 2 / elementCount(a.shape) });
}

/**
 * x stored as `dtype`; x itself if it is stored so already.
 *
 * @throws {RangeError} if x does not hold floats
 */
export function cast(x: Tensor, dtype: FloatType): Tensor {
  return x.dtype === dtype ? x : apply(castOperation, [x], { dtype });
}

export {
  addOperation,
  castOperation,
  mseGradientOperation,
  multiplyOperation,
  reluGradientOperation,
  reluOperation,
  scaleOperation,
  subtractOperation,
};
