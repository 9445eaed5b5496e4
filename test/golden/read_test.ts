/** The goldens are complete and consistent. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { caseInputs, caseWeights, operationCases } from "../operation_cases.ts";
import {
  checksum,
  checksumError,
  type GoldenArray,
  goldenError,
  goldenPath,
  hashState,
  readImages,
  readOperationGoldens,
  readTrainingGoldens,
  trainingBatch,
} from "./read.ts";

async function digest(values: Float32Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", values.buffer));
  return hash.toHex().slice(0, 16);
}

function everyArray(
  { outputs, gradients }: { outputs: Record<string, GoldenArray>; gradients: GoldenArray[] },
) {
  return [...Object.values(outputs), ...gradients];
}

Deno.test("operation cases have distinct names", () => {
  const names = operationCases.map(({ operation, name }) => `${operation}/${name}`);
  assertEquals(new Set(names).size, names.length);
});

Deno.test("every operation case has a golden that was made from the same inputs", async () => {
  const goldens = await readOperationGoldens();
  const wanted = operationCases.filter((each) => each.golden);
  assertEquals(goldens.map(({ name }) => name), wanted.map(({ name }) => name));
  for (const [index, operationCase] of wanted.entries()) {
    const digests = await Promise.all(caseInputs(operationCase).map(digest));
    assertEquals(goldens[index]!.inputs, digests, `${operationCase.operation}/${operationCase.name}`);
  }
});

Deno.test("golden arrays are finite, and whole ones agree with their sum of squares", async () => {
  for (const golden of await readOperationGoldens()) {
    for (const { values, step, sumOfSquares } of everyArray(golden)) {
      assert(values.length > 0 && values.every(Number.isFinite), `${golden.operation}/${golden.name}`);
      const squares = values.reduce((sum, value) => sum + value ** 2, 0);
      if (step === 1) assertAlmostEquals(squares, sumOfSquares, 1e-5 * sumOfSquares + 1e-30);
    }
  }
});

Deno.test("the goldens of multiply agree with a direct computation", async () => {
  const goldens = await readOperationGoldens();
  for (const operationCase of operationCases.filter((each) => each.operation === "multiply")) {
    const golden = goldens.find((each) => each.operation === "multiply" && each.name === operationCase.name)!;
    const [first, second] = caseInputs(operationCase) as [Float32Array, Float32Array];
    const upstream = caseWeights(operationCase, first.length);
    assert(goldenError(golden.outputs.output!, first.map((value, index) => value * second[index]!)) < 1e-6);
    assert(goldenError(golden.gradients[0]!, second.map((value, index) => value * upstream[index]!)) < 1e-6);
    assert(goldenError(golden.gradients[1]!, first.map((value, index) => value * upstream[index]!)) < 1e-6);
    assert(goldenError(golden.outputs.output!, first) > 0.1);
  }
  const sampled = goldens.flatMap(everyArray).filter(({ step }) => step > 1);
  assert(sampled.length > 0 && sampled.every(({ values }) => values.length <= 512));
});

Deno.test("goldenError detects errors in a kept element, in the norm and in the length", () => {
  const golden = { shape: [4], step: 3, values: Float32Array.of(1, 1), sumOfSquares: 4 };
  assertEquals(goldenError(golden, [1, 1, 1, 1]), 0);
  assertAlmostEquals(goldenError(golden, [1, 1, 1, 1.5]), 0.5);
  assert(goldenError(golden, [1, 2, 1, 1]) > 0.1);
  assert(Number.isNaN(goldenError(golden, [1, NaN, 1, 1])));
  assertEquals(goldenError(golden, [1, 1]), Infinity);
});

Deno.test("hashState generates the weights of the default model", async () => {
  const golden = (await readTrainingGoldens()).find(({ format }) => format === "hash")!;
  const state = hashState(golden);
  const count = golden.parameters.reduce((sum, { name }) => sum + state.get(name)!.data.length, 0);
  assertEquals(count, 1466947);
  for (const { name, initial } of [...golden.parameters, ...golden.buffers]) {
    assert(checksumError(initial, checksum(name, state.get(name)!.data)) < 1e-9, name);
  }
});

Deno.test("training goldens have weights, images and well-used codes", async () => {
  for (const golden of await readTrainingGoldens()) {
    const { name, batch, configuration, codes, steps, float32_deviation } = golden;
    if (golden.format !== "hash") assert((await Deno.stat(goldenPath(`${name}.pt`))).size > 10_000);
    const { count, size } = await readImages(golden.images);
    assert(count >= 2 * batch);
    const bottom = size / configuration.first_stride!;
    assertEquals(codes.b.shape, [batch, bottom, bottom]);
    assertEquals(codes.b.values.length, batch * bottom ** 2);
    assert(codes.b.values.every((code) => code >= 0 && code < configuration.n_embed!));
    assert(steps[0]!.perplexity_t > 5 && steps[0]!.perplexity_b > 5, name);
    assertEquals(Math.max(...float32_deviation.codes), 0);
    const { recon_loss, diff_t, diff_b, loss } = steps.at(-1)!;
    assertAlmostEquals(recon_loss + 0.25 * (diff_t + diff_b), loss, 1e-12 * loss);
    for (const { name, values, gradient } of golden.parameters) {
      if (values) assert(checksumError(gradient, checksum(name, values.values)) < 1e-6, name);
    }
  }
});

Deno.test("batches alternate between two halves of the images", async () => {
  const golden = (await readTrainingGoldens())[0]!;
  const [first, second, third] = [
    await trainingBatch(golden, 0),
    await trainingBatch(golden, 1),
    await trainingBatch(golden, 2),
  ];
  assertEquals(first, third);
  assert(first.some((value, index) => value !== second[index]));
  // The corner of the image is black padding.
  assertAlmostEquals(first[0]!, -0.485 / 0.229, 1e-6);
});
