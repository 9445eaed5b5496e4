/** The updates on a few readable numbers; operations_test.ts compares them with their references. */

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { floatType } from "../../src/graph/layout.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { perplexity } from "../../src/ops/codebook.ts";
import { scale } from "../../src/ops/elementwise.ts";
import { gradients } from "../../src/ops/gradient.ts";
import { countCodes, record, restartCodes } from "../../src/ops/updates.ts";
import { constant, constantValue, variable } from "../../src/ops/variable.ts";
import { plan } from "../../src/plan/plan.ts";
import { normalArray } from "../../src/random.ts";
import { runGraph, type Values } from "../run_graph.ts";

async function withGpu(test: (gpu: Gpu) => Promise<void>): Promise<void> {
  const gpu = await Gpu.open();
  await test(gpu);
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();
}

/** Statistics with these counts, of codes that are one quad long. */
function statisticsOf(counts: readonly number[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(counts.flatMap((count) => [9, 9, 9, 9, count, 0, 0, 0]));
}

Deno.test("variable: constants have their value from the start, other variables are zero until written", async () => {
  await withGpu(async (gpu) => {
    const [fresh, filled] = [variable(floatType([2, 3]), "fresh"), constant(2.5, [5])];
    const codes = variable({ shape: [3], dtype: "u32", layout: "flat" }, "codes");
    const memory = new Memory(gpu);
    const results = [scale(fresh, 1), scale(filled, 2), fresh, filled, codes];
    const executor = await Executor.load(plan({ results }, gpu.target), memory);
    executor.run();
    const before = await executor.read(results);
    assertEquals(before, [
      new Float32Array(6),
      new Float32Array(5).fill(5),
      new Float32Array(6),
      new Float32Array(5).fill(2.5),
      new Uint32Array(3),
    ]);
    memory.write(fresh, Float32Array.of(1, 2, 3, 4, 5, 6));
    memory.write(codes, Uint32Array.of(7, 0xffffffff, 0));
    executor.run();
    assertEquals(await memory.read([fresh, codes]), [
      Float32Array.of(1, 2, 3, 4, 5, 6),
      Uint32Array.of(7, 0xffffffff, 0),
    ]);
    assertEquals((await executor.read([results[0]!]))[0], Float32Array.of(1, 2, 3, 4, 5, 6));
    executor.destroy();
    memory.destroy();
  });
  assertEquals([constantValue(constant(3)), constantValue(variable(floatType([]), "x"))], [3, undefined]);
});

Deno.test("perplexity: the number of codes if all are used equally, one if a single code is used", async () => {
  await withGpu(async (gpu) => {
    for (
      const [counts, expected] of [
        [[3, 3, 3, 3, 3, 3, 3], 7],
        [[0, 12, 0], 1],
        [[5, 0, 5, 0], 2],
        [[0, 0, 0], 1],
        // exp(−(¾ ln ¾ + ¼ ln ¼)).
        [[3, 1], 1.7547653506033232],
      ] as [number[], number][]
    ) {
      const statistics = variable(floatType([counts.length, 8]), "statistics");
      const [result] = await runGraph(gpu, {
        values: new Map([[statistics, statisticsOf(counts)]]),
        tensors: [perplexity(statistics)],
      });
      assertAlmostEquals(result!.values[0]!, expected, 1e-6 * expected, `${counts}`);
    }
  });
});

Deno.test("count_codes: adds to the counters, beyond the integers that float32 can hold", async () => {
  await withGpu(async (gpu) => {
    const statistics = variable(floatType([3, 8]), "statistics");
    const usage = variable({ shape: [3], dtype: "u32", layout: "flat" }, "usage");
    const [result] = await runGraph(gpu, {
      values: new Map<Tensor, Values>([
        [statistics, statisticsOf([0, 1, 300])],
        [usage, Uint32Array.of(5, 2 ** 24, 2 ** 31)],
      ]),
      tensors: [usage],
      effects: [countCodes(statistics, usage)],
    });
    assertEquals(result!.values, Uint32Array.of(5, 2 ** 24 + 1, 2 ** 31 + 300));
  });
});

Deno.test("record: writes only its row", async () => {
  await withGpu(async (gpu) => {
    const [step, ring] = [variable(floatType([4]), "step"), variable(floatType([4, 2]), "ring")];
    const [first, second] = [constant(0.25), constant(-3)];
    const [result] = await runGraph(gpu, {
      values: new Map([[step, Float32Array.of(9, 9, 2, 9)], [ring, new Float32Array(8).fill(1)]]),
      tensors: [ring],
      effects: [record(step, ring, [first, second])],
    });
    assertEquals(result!.values, Float32Array.of(1, 1, 1, 1, 0.25, -3, 1, 1));
  });
});

/** Restarts codes with an input of 12 positions and the given key. Returns embed, embed_avg and cluster_size. */
async function restart(gpu: Gpu, key: number, sizes: number[]) {
  const x = variable(floatType([3, 5, 2, 2], "channels_last"), "x");
  const keyTensor = variable({ shape: [4], dtype: "u32", layout: "flat" }, "key");
  const codebook = {
    embed: variable(floatType([5, sizes.length], "codes_first"), "embed"),
    embedAvg: variable(floatType([5, sizes.length], "codes_first"), "embed_avg"),
    clusterSize: variable(floatType([sizes.length]), "cluster_size"),
  };
  const changed = [codebook.embed, codebook.embedAvg, codebook.clusterSize];
  const old = [5, 6].map((seed) => normalArray(seed, 5 * sizes.length));
  const inputs = normalArray(7, 60);
  const results = await runGraph(gpu, {
    values: new Map<Tensor, Values>([
      [x, inputs],
      [keyTensor, Uint32Array.of(key, 1, 2, 3)],
      ...changed.map((tensor, index) => [tensor, old[index] ?? Float32Array.from(sizes)] as const),
    ]),
    tensors: changed,
    effects: [restartCodes(x, keyTensor, codebook, 1, 4)],
  });
  const columns = (values: Values) =>
    sizes.map((_, code) => Array.from({ length: 5 }, (_, d) => values[d * sizes.length + code]!));
  const [embed, average, clusterSize] = results.map(({ values }) => values);
  return {
    inputs,
    old,
    embed: columns(embed!),
    average: columns(average!),
    clusterSize: clusterSize!,
    columns,
  };
}

Deno.test("restart_codes: replaces only codes below the threshold, each by the vector at a position of x", async () => {
  await withGpu(async (gpu) => {
    const sizes = [0, 1, 0.999, 5, 0.2];
    const { inputs, old, embed, average, clusterSize, columns } = await restart(gpu, 816, sizes);
    const positions = Array.from(
      { length: 12 },
      (_, position) =>
        Array.from({ length: 5 }, (_, d) => inputs[Math.floor(position / 4) * 20 + d * 4 + position % 4]!),
    );
    assertEquals(clusterSize, Float32Array.of(4, 1, 4, 5, 4));
    for (const code of [1, 3]) {
      assertEquals(embed[code], columns(old[0]!)[code]);
      assertEquals(average[code], columns(old[1]!)[code]);
    }
    for (const code of [0, 2, 4]) {
      assert(
        positions.some((vector) => `${vector}` === `${embed[code]}`),
        `code ${code} is no position of x`,
      );
      assertEquals(average[code], embed[code]!.map((value) => 4 * value));
    }
    assert(
      `${embed[0]}` !== `${embed[2]}` || `${embed[2]}` !== `${embed[4]}`,
      "every code took one position",
    );
    assertEquals((await restart(gpu, 816, sizes)).embed, embed);
    assert(`${(await restart(gpu, 817, sizes)).embed}` !== `${embed}`, "the key changes nothing");
  });
});

Deno.test("updates and operations of backward passes cannot be differentiated", () => {
  const statistics = variable(floatType([2, 8]), "statistics");
  assertThrows(
    () => gradients(perplexity(statistics), [statistics]),
    RangeError,
    "Cannot differentiate perplexity: it has no gradient",
  );
});
