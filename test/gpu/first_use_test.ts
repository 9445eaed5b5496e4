/** Kernels are compiled before their first use, by a second device as well where that helps. */

import { assert, assertEquals } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { floatType } from "../../src/graph/layout.ts";
import { conv2d } from "../../src/ops/convolution/conv2d.ts";
import { scale } from "../../src/ops/elementwise.ts";
import { variable } from "../../src/ops/variable.ts";
import { plan } from "../../src/plan/plan.ts";

const window = { stride: [1, 1], padding: [0, 0, 0, 0] } as const;
const count = 7;

/** Convolutions with a kernel each: the code of each multiplies by a number of its own. */
function convolutions(factor: number) {
  const nodes = Array.from({ length: count }, (_, index) => {
    const x = variable(floatType([1, 64, 4, 8], "channels_last"), "x");
    const weight = variable(floatType([64, 64, 1, 1], "taps_first"), "w");
    return { x, weight, y: scale(conv2d(x, weight, window), factor + index) };
  });
  return { nodes, program: { results: nodes.map(({ y }) => y) } };
}

/**
 * Loads the program and runs it on ones. Returns how often a second device was opened, and the value of each result.
 */
async function load(factor: number): Promise<{ opened: number; values: number[] }> {
  const gpu = await Gpu.open();
  const { nodes, program } = convolutions(factor);
  let opened = 0;
  const openBeside = gpu.openBeside.bind(gpu);
  gpu.openBeside = () => {
    opened++;
    return openBeside();
  };
  const memory = new Memory(gpu);
  const executor = await Executor.load(plan(program, gpu.target), memory);
  for (const { x, weight } of nodes) {
    for (const tensor of [x, weight]) {
      memory.write(
        tensor,
        new Float32Array(tensor.shape.reduce((product, extent) => product * extent)).fill(1),
      );
    }
  }
  executor.run();
  const results = await executor.read(nodes.map(({ y }) => y));
  const values = results.map((result) => {
    assert(result.every((value: number) => value === result[0]));
    return result[0]!;
  });
  executor.destroy();
  memory.destroy();
  gpu.close();
  return { opened, values };
}

Deno.test("a second device compiles kernels that the driver's cache does not have, and only those", async () => {
  // A number that no earlier run has used.
  const factor = Math.fround(1 + Math.random());
  const expected = Array.from({ length: count }, (_, index) => Math.fround(64 * Math.fround(factor + index)));
  const first = await load(factor);
  assertEquals(first.values, expected);
  const again = await load(factor);
  assertEquals(again.values, expected);
  const gpu = await Gpu.open();
  gpu.close();
  if (!gpu.adapter.software || navigator.hardwareConcurrency < 2) {
    assertEquals([first.opened, again.opened], [0, 0]);
    return;
  }
  // Other software adapters compile when a pipeline is made.
  assertEquals(first.opened, gpu.adapter.name.startsWith("llvmpipe") ? 1 : 0);
  // A driver without a cache needs it again.
  assert(again.opened <= 1);
});
