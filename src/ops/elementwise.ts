/** Operations of one element at a time. They have no kernel of their own: they join the kernel that makes their input. */

import { divideUp, elementCount, type FloatType } from "../graph/layout.ts";
import type { Kernel, Lowering } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import source from "../../kernels/elementwise.wgsl" with { type: "text" };
import { kernelParts } from "./kernel_parts.ts";
import {
  floatOf,
  notDifferentiable,
  quadCount,
  requireSameType,
  requireType,
  streamingCost,
} from "./support.ts";

/** y = x but for the epilogue. */
export const elementwiseKernel: Kernel = { name: "elementwise", source, parts: kernelParts };

/** One dispatch over the node's first input; the planner puts the node's expression, and what follows it, behind the load. */
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
  expression(operands: readonly string[], attributes: Attributes): string;
  value(operands: readonly number[], attributes: Attributes): number;
  gradient(node: Tensor, upstream: Tensor): readonly (Tensor | undefined)[];
  flops?: number;
  /** The inputs from here on are scalars that go with every element; all others have the first one's shape. */
  firstScalar?: number;
}

/** An operation that one expression describes. The expression must make zero of zeros, as fill is to stay zero. */
export function elementwise<Attributes>(
  { name, expression, value, gradient, flops = 1, firstScalar = Infinity }: Rule<Attributes>,
): Operation<Attributes> {
  return {
    name,
    infer(inputs) {
      const first = inputs[0]!;
      requireType(name, "input", first, first.shape, floatOf(first));
      inputs.forEach((input, index) => {
        if (index >= firstScalar) requireType(name, "factor", input, []);
        else requireSameType(name, first, input);
      });
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

/** (upstream, y): the upstream gradient where y = relu(x) is positive, else zero. */
const reluGradientOperation = elementwise<undefined>({
  name: "relu_gradient",
  expression: ([upstream, y]) => `select(vec4f(), ${upstream}, ${y} > vec4f())`,
  value: ([upstream, y]) => y! > 0 ? upstream! : 0,
  gradient: notDifferentiable("relu_gradient"),
});

const addOperation = elementwise<undefined>({
  name: "add",
  expression: ([a, b]) => `(${a} + ${b})`,
  value: ([a, b]) => a! + b!,
  gradient: (_, upstream) => [upstream, upstream],
});

const subtractOperation = elementwise<undefined>({
  name: "subtract",
  expression: ([a, b]) => `(${a} - ${b})`,
  value: ([a, b]) => a! - b!,
  gradient: (_, upstream) => [upstream, scale(upstream, -1)],
});

const multiplyOperation = elementwise<undefined>({
  name: "multiply",
  expression: ([a, b]) => `(${a} * ${b})`,
  value: ([a, b]) => a! * b!,
  gradient: ({ inputs }, upstream) => [multiply(upstream, inputs[1]!), multiply(upstream, inputs[0]!)],
});

const scaleOperation = elementwise<{ factor: number }>({
  name: "scale",
  expression: ([x], { factor }) => `(${x} * ${literal(factor)})`,
  value: ([x], { factor }) => x! * factor,
  gradient: ({ attributes }, upstream) => [scale(upstream, attributes.factor)],
});

/** (a, b, upstream scalar): 2 / count · (a − b) · upstream, the gradient of a mean squared error for a. */
const mseGradientOperation = elementwise<{ factor: number }>({
  name: "mse_gradient",
  expression: ([a, b, upstream], { factor }) => `((${a} - ${b}) * (${literal(factor)} * ${upstream}))`,
  value: ([a, b, upstream], { factor }) => (a! - b!) * factor * upstream!,
  gradient: notDifferentiable("mse_gradient"),
  flops: 3,
  firstScalar: 2,
});

/** x stored as the other kind of float; what joins operations of both kinds into one kernel. */
const castOperation: Operation<{ dtype: FloatType }> = {
  ...elementwise<{ dtype: FloatType }>({
    name: "cast",
    expression: ([x]) => x!,
    value: ([x]) => x!,
    gradient: ({ inputs: [x] }, upstream) => [cast(upstream, floatOf(x!.type))],
    flops: 0,
  }),
  infer([x], { dtype }) {
    requireType("cast", "input", x!, x!.shape, floatOf(x!));
    return { ...x!, dtype };
  },
};

/** max(x, 0). */
export function relu(x: Tensor): Tensor {
  return apply(reluOperation, [x], undefined);
}

/** a + b, of one shape. */
export function add(a: Tensor, b: Tensor): Tensor {
  return apply(addOperation, [a, b], undefined);
}

/** a − b, of one shape. */
export function subtract(a: Tensor, b: Tensor): Tensor {
  return apply(subtractOperation, [a, b], undefined);
}

/** a · b, element by element. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return apply(multiplyOperation, [a, b], undefined);
}

/** x · factor. */
export function scale(x: Tensor, factor: number): Tensor {
  return apply(scaleOperation, [x], { factor });
}

/** The gradient for `a` of mean((a − b)²), times the scalar `upstream`. */
export function mseGradient(a: Tensor, b: Tensor, upstream: Tensor): Tensor {
  return apply(mseGradientOperation, [a, b, upstream], { factor: 2 / elementCount(a.shape) });
}

/** x stored as `dtype`; x itself where it is. */
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
