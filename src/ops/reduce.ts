/** Sums over whole tensors: sum, mean and mean squared error. */

import { divideUp, elementCount, floatType, storedBytes } from "../graph/layout.ts";
import { type Kernel, type Lowering, type Operand, Scratch } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import source from "../../kernels/reduce.wgsl" with { type: "text" };
import spreadSource from "../../kernels/spread.wgsl" with { type: "text" };
import { anyLayout, scalar } from "./inputs.ts";
import { mseGradient, scale } from "./elementwise.ts";
import { notDifferentiable, quadCount, requireSameType, streamingCost } from "./support.ts";

const kernel: Kernel = { name: "reduce", source, parts: kernelParts };
const spreadKernel: Kernel = { name: "spread", source: spreadSource, parts: kernelParts };
const threads = 64;
/** The quads that one thread adds up before another workgroup pays off. */
const quadsPerThread = 8;

interface Reduction {
  /** The WGSL of one quad's contribution, from a[i] and b[i]. */
  term: string;
  /** What the sum is multiplied by. */
  factor: number;
  inputs: readonly Tensor[];
}

/** Each workgroup adds up its part, then one workgroup adds up their sums, always in the same order. */
export function lowerReduction(node: Tensor, lowering: Lowering, { term, factor, inputs }: Reduction): void {
  const quads = quadCount(inputs[0]!);
  const parts = Math.min(lowering.target.parallelWorkgroups, divideUp(quads, threads * quadsPerThread));
  const { flops, bytes } = node.operation.cost(node);
  const [a, b] = inputs;
  const bindings: Record<string, Operand> = b ? { a: a!, b } : { a: a! };
  const constants = { THREADS: threads, TERM: term, SECOND: b !== undefined };
  const whole = (y: Tensor | Scratch, scaled: number, workgroups: number) =>
    lowering.dispatch({
      kernel,
      constants,
      bindings: { ...bindings, y },
      params: { quads, factor: scaled },
      workgroups,
      flops,
      bytes,
    });
  if (parts === 1) {
    whole(node, factor, 1);
    return;
  }
  const partial = new Scratch(16 * parts, `${node.label} partial`);
  whole(partial, 1, parts);
  lowering.dispatch({
    kernel,
    constants: { THREADS: threads, TERM: "a[i]", SECOND: false },
    bindings: { a: partial, y: node },
    params: { quads: parts, factor },
    workgroups: 1,
    flops: parts,
    bytes: 16 * parts,
  });
}

const sumOperation: Operation<undefined> = {
  name: "sum",
  inputs: [anyLayout()],
  infer: () => floatType([]),
  gradient: ({ inputs }, upstream) => [spread(upstream, inputs[0]!, 1)],
  lower: (node, lowering) => lowerReduction(node, lowering, { term: "a[i]", factor: 1, inputs: node.inputs }),
  reference: ([x]) => Float64Array.of(x!.reduce((total, value) => total + value, 0)),
  cost: (node) => ({ ...streamingCost(node, 0), flops: elementCount(node.inputs[0]!.shape) }),
};

/** `targetGiven`: b is data, and no gradient flows into it. */
const mseOperation: Operation<{ targetGiven: boolean }> = {
  name: "mse",
  inputs: [anyLayout("input"), anyLayout("target")],
  infer([a, b]) {
    requireSameType("mse", a!, b!);
    return floatType([]);
  },
  gradient({ inputs, attributes }, upstream) {
    const [a, b] = inputs;
    const gradient = mseGradient(a!, b!, upstream);
    return [gradient, attributes.targetGiven ? undefined : scale(gradient, -1)];
  },
  lower: (node, lowering) =>
    lowerReduction(node, lowering, {
      term: "(a[i] - b[i]) * (a[i] - b[i])",
      factor: 1 / elementCount(node.inputs[0]!.shape),
      inputs: node.inputs,
    }),
  reference([a, b]) {
    return Float64Array.of(
      a!.reduce((total, value, index) => total + (value - b![index]!) ** 2, 0) / a!.length,
    );
  },
  cost: (node) => ({ ...streamingCost(node, 0), flops: 3 * elementCount(node.inputs[0]!.shape) }),
};

/**
 * Inputs (upstream scalar, pattern): the scalar times `factor` in every element of the pattern's type, the gradient of
 * a sum.
 */
const spreadOperation: Operation<{ factor: number }> = {
  name: "spread",
  inputs: [
    scalar("upstream gradient"),
    { name: "pattern", layouts: ["flat", "channels_last"], dtypes: ["f32", "f16"] },
  ],
  infer: ([, like]) => like!,
  gradient: notDifferentiable("spread"),
  lower(node, lowering) {
    const [, like] = node.inputs;
    lowering.dispatch({
      kernel: spreadKernel,
      constants: {},
      bindings: { x: node.inputs[0]!, y: node },
      params: spreadParams(like!, node.attributes.factor),
      workgroups: divideUp(quadCount(node), 64),
      ...node.operation.cost(node),
    });
  },
  reference: ([upstream, like], node) =>
    new Float64Array(like!.length).fill(upstream![0]! * node.attributes.factor),
  cost: (node) => ({ flops: 0, bytes: storedBytes(node.type) }),
};

/** A tensor is rows of `channels` elements; the rest of a row's last quad is padding. A flat tensor is one row. */
function spreadParams(like: Tensor, factor: number) {
  const quads = quadCount(like);
  return like.type.layout === "flat"
    ? { quads_in_row: quads, channels: elementCount(like.shape), quads, factor }
    : { quads_in_row: divideUp(like.shape[1]!, 4), channels: like.shape[1]!, quads, factor };
}

function spread(upstream: Tensor, like: Tensor, factor: number): Tensor {
  return apply(spreadOperation, [upstream, like], { factor });
}

/**
 * Σ x over all elements, a scalar []. x holds floats of any shape and layout; its gradient needs flat or channels_last.
 *
 * @throws {RangeError} if x does not hold floats
 */
export function sum(x: Tensor): Tensor {
  return apply(sumOperation, [x], undefined);
}

/**
 * Σ x / count over all elements, a scalar []; as {@linkcode sum}.
 *
 * @throws {RangeError} if x does not hold floats
 */
export function mean(x: Tensor): Tensor {
  return scale(sum(x), 1 / elementCount(x.shape));
}

/**
 * mean((a − b)²), a scalar []. With `targetGiven` (default: false), no gradient flows into b.
 *
 * @throws {RangeError} if a and b differ in shape, layout or element type
 */
export function mse(a: Tensor, b: Tensor, { targetGiven = false } = {}): Tensor {
  return apply(mseOperation, [a, b], { targetGiven });
}

export { mseOperation, spreadOperation, sumOperation };
