/** Several steps of Adam on the GPU, in the optimizer's arenas, against PyTorch's goldens. */

import { assert, assertEquals } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { elementCount, type FloatType, floatType } from "../../src/graph/layout.ts";
import { zeroInitialiser } from "../../src/nn/parameters.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { scale } from "../../src/ops/elementwise.ts";
import { adam, type AdamAttributes } from "../../src/ops/adam.ts";
import { variable } from "../../src/ops/variable.ts";
import { Adam, stepInput } from "../../src/optim/adam.ts";
import { plan } from "../../src/plan/plan.ts";
import { evaluate } from "../case_graph.ts";
import { goldenError, readOperationGoldens } from "../golden/read.ts";
import { testOfHalves } from "../halves.ts";
import { caseInputs, casesOf, type OperationCase } from "../operation_cases.ts";

const goldens = await readOperationGoldens();

/** The learning rate, the optimizer's constants, and PyTorch's numbers after the last step. */
function readCase(operationCase: OperationCase) {
  const { lr, beta1, beta2, epsilon, weightDecay = 0 } = operationCase.attributes as Record<string, number>;
  const constants = { beta1, beta2, epsilon, weightDecay } as AdamAttributes;
  const golden = goldens.find(({ operation, name }) => operation === "adam" && name === operationCase.name);
  return { lr: lr!, constants, golden: golden! };
}

/** The case's parameter between two others, whose gradients are zero: the arenas must not mix them up. */
function adamProgram(operationCase: OperationCase, precision: FloatType) {
  const { shape } = operationCase.inputs[0]!;
  const layout = shape.length === 4 ? "taps_first" : "flat";
  const types = [floatType([5]), floatType(shape, layout), floatType([2, 3, 1, 1], "taps_first")];
  const parameters = types.map((type, index) => ({
    key: `parameter ${index}`,
    shape: type.shape,
    tensor: variable(type, `parameter ${index}`),
    initialise: zeroInitialiser,
  }));
  const optimizer = new Adam(parameters, readCase(operationCase).constants, precision);
  const sources = types.map((type, index) => variable(type, `gradient ${index}`));
  const step = stepInput();
  const gradients = optimizer.gather(sources.map((source) => scale(source, 1)));
  const { effect, arenas } = optimizer.apply(step, gradients);
  return { optimizer, parameters, sources, step, program: { effects: [effect], arenas } };
}

/**
 * In float16 the gradients are those of a scaled loss. One of the first is infinite, which must not count as a step.
 */
async function run(gpu: Gpu, operationCase: OperationCase, precision: FloatType) {
  const { lr, constants: { weightDecay } } = readCase(operationCase);
  const { optimizer, parameters, sources, step, program } = adamProgram(operationCase, precision);
  const memory = new Memory(gpu);
  const executor = await Executor.load(plan(program, gpu.target), memory);
  const [start, ...gradients] = caseInputs(operationCase);
  const others = [0, 2].map((index) => parameters[index]!.tensor);
  memory.write(parameters[1]!.tensor, start!);
  // Weight decay changes every parameter but zeros.
  const bystander = weightDecay ? 0 : 0.5;
  for (const other of others) {
    memory.write(other, new Float32Array(elementCount(other.shape)).fill(bystander));
  }
  let lossScale = 1;
  if (precision === "f16") {
    memory.write(sources[1]!, gradients[0]!.map((value, index) => index === 0 ? -Infinity : value));
    memory.write(step, Float32Array.of(lr, 0, 0, 0));
    executor.run();
    lossScale = 32768;
    const { scale } = optimizer.mixed!.state;
    assertEquals(await memory.read([scale, parameters[1]!.tensor]), [Float32Array.of(lossScale), start!]);
  }
  for (const [index, gradient] of gradients.entries()) {
    memory.write(sources[1]!, gradient.map((value) => value * lossScale));
    memory.write(step, Float32Array.of(...optimizer.stepScalars(index + 1, lr), 0, 0));
    executor.run();
  }
  const moments = [optimizer.firstMoments, optimizer.secondMoments].map(({ members }) => members[1]!);
  const results = await memory.read([parameters[1]!.tensor, ...moments]);
  const bystanders = await memory.read(others);
  executor.destroy();
  memory.destroy();
  return { results, bystanders, bystander };
}

for (const precision of ["f32", "f16"] as const) {
  const test = precision === "f16" ? testOfHalves : Deno.test;
  test(`adam: several steps through the optimizer's arenas equal PyTorch's, gradients from ${precision}`, async () => {
    const gpu = await Gpu.open();
    for (const each of casesOf("adam")) {
      const { results, bystanders, bystander } = await run(gpu, each, precision);
      Object.entries(readCase(each).golden.outputs).forEach(([label, array], index) => {
        const error = goldenError(array, results[index]!);
        assert(error < 1e-6, `${each.name}: ${label} is ${error} off PyTorch's`);
      });
      for (const values of bystanders) assert(values.every((value) => value === bystander), each.name);
    }
    assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
    gpu.close();
  });
}

Deno.test("adam: the reference equals PyTorch", () => {
  for (const each of casesOf("adam")) {
    const { lr, constants } = readCase(each);
    const type = floatType([elementCount(each.inputs[0]!.shape)]);
    const [gradient, parameter, first, second] = ["g", "w", "m", "v"].map((label) =>
      variable(type, label)
    ) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const step = stepInput();
    const effect = adam(step, gradient, parameter, [first, second], constants);
    const [start, ...gradients] = caseInputs(each);
    const optimizer = new Adam([], constants);
    let state: ArrayLike<number>[] = [start!, ...[0, 1].map(() => new Float64Array(start!.length))];
    for (const [index, values] of gradients.entries()) {
      const [w, m, v] = state as [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>];
      const scalars = optimizer.stepScalars(index + 1, lr);
      const known = new Map([[step, scalars], [gradient, values], [parameter, w], [first, m], [second, v]]);
      state = evaluate([parameter, first, second], known as Map<Tensor, ArrayLike<number>>, [effect]);
    }
    Object.values(readCase(each).golden.outputs).forEach((array, index) => {
      assert(goldenError(array, state[index]!) < 1e-6, each.name);
    });
  }
});
