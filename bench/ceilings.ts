/** Kernels that measure the adapter's upper bounds; the planner and executor run them like all others. */

import { divideUp, elementCount, floatType } from "../src/graph/layout.ts";
import type { Kernel } from "../src/graph/lowering.ts";
import type { Operation } from "../src/graph/operation.ts";
import { apply, type Tensor } from "../src/graph/tensor.ts";
import { flat } from "../src/ops/inputs.ts";
import { conv2d } from "../src/ops/convolution/conv2d.ts";
import { notDifferentiable, streamingCost } from "../src/ops/support.ts";
import { variable } from "../src/ops/variable.ts";
import copySource from "./kernels/copy.wgsl" with { type: "text" };
import countSource from "./kernels/count.wgsl" with { type: "text" };
import multiplyAddSource from "./kernels/multiply_add.wgsl" with { type: "text" };

const multiplyAddKernel: Kernel = { name: "multiply_add", source: multiplyAddSource };
const copyKernel: Kernel = { name: "copy", source: copySource };
const countKernel: Kernel = { name: "count", source: countSource };

/** Two vec4 are eight chains: enough to hide the latency of a multiply-add, few enough for 16 registers. */
const chains = 2;
const unroll = 32;
const rounds = 32;
/** Chosen so that one round more or less changes the result visibly. */
const factor = 1 - 1 / (rounds * unroll);

const multiplyAddOperation: Operation<undefined> = {
  name: "multiply_add",
  inputs: [flat("input")],
  infer: ([x]) => x!,
  gradient: notDifferentiable("multiply_add"),
  lower(node, lowering) {
    const quads = elementCount(node.shape) / 4;
    lowering.dispatch({
      kernel: multiplyAddKernel,
      constants: { CHAINS: chains, UNROLL: unroll },
      bindings: { x: node.inputs[0]!, y: node },
      params: { quads, rounds, factor },
      workgroups: divideUp(quads, 64),
      ...node.operation.cost(node),
    });
  },
  // After n rounds s = fⁿ·k + x·(1 − fⁿ) / (1 − f).
  reference([x]) {
    const power = factor ** (rounds * unroll);
    return x!.map((value) => {
      let sum = 0;
      for (let k = 0; k < chains; k++) sum += power * k + value * (1 - power) / (1 - factor);
      return sum;
    });
  },
  cost: (node) => streamingCost(node, 2 * chains * rounds * unroll),
};

const copyOperation: Operation<undefined> = {
  name: "copy",
  inputs: [flat("input")],
  infer: ([x]) => x!,
  gradient: notDifferentiable("copy"),
  lower(node, lowering) {
    const quads = elementCount(node.shape) / 4;
    lowering.dispatch({
      kernel: copyKernel,
      constants: {},
      bindings: { x: node.inputs[0]!, y: node },
      params: { quads },
      workgroups: divideUp(quads, 64),
      ...node.operation.cost(node),
    });
  },
  reference: ([x]) => x!,
  cost: (node) => streamingCost(node, 0),
};

const countOperation: Operation<{ dispatches: number }> = {
  name: "count",
  inputs: [flat("addend"), flat("sum")],
  infer: () => floatType([]),
  gradient: notDifferentiable("count"),
  updates: (node) => [node.inputs[1]!],
  lower(node, lowering) {
    const [x, y] = node.inputs;
    for (let dispatch = 0; dispatch < node.attributes.dispatches; dispatch++) {
      lowering.dispatch({
        kernel: countKernel,
        constants: {},
        bindings: { x: x!, y: y! },
        workgroups: 1,
        flops: 0,
        bytes: 0,
      });
    }
  },
  reference: ([x, y], node) => y!.map((value, index) => value + x![index]! * node.attributes.dispatches),
  cost: () => ({ flops: 0, bytes: 0 }),
};

/** Multiply-adds of x, four elements a thread. */
export function multiplyAdd(elements: number): Tensor {
  return apply(multiplyAddOperation, [variable(floatType([elements]), "x")], undefined);
}

/** y = x. */
export function copy(elements: number): Tensor {
  return apply(copyOperation, [variable(floatType([elements]), "x")], undefined);
}

/** Adds x to a counter in this number of dispatches, each of which has to wait for the one before. */
export function count(dispatches: number): Tensor {
  const scalar = (label: string) => variable(floatType([1]), label);
  return apply(countOperation, [scalar("x"), scalar("counter")], { dispatches });
}

/** A product of two 512 × 512 matrices, as a pointwise convolution. */
export function product(): Tensor {
  const x = variable(floatType([1, 512, 16, 32], "channels_last"), "x");
  const weight = variable(floatType([512, 512, 1, 1], "taps_first"), "weight");
  return conv2d(x, weight, { stride: [1, 1], padding: [0, 0, 0, 0] });
}
