import { assert, assertEquals, assertThrows } from "@std/assert";
import { caseOf, casesOf, isolatedGroups, signature } from "../../bench/cases.ts";
import { copy, count } from "../../bench/ceilings.ts";
import { stepProgram } from "../../bench/training_step.ts";
import type { Target } from "../../src/graph/lowering.ts";
import { floatType } from "../../src/graph/layout.ts";
import { Tensor } from "../../src/graph/tensor.ts";
import { add, relu } from "../../src/ops/elementwise.ts";
import { variable } from "../../src/ops/variable.ts";
import { plan } from "../../src/plan/plan.ts";

const software: Target = {
  subgroupLanes: 8,
  subgroupsNeedEnable: false,
  halves: true,
  parallelWorkgroups: 4,
  maxWorkgroupsPerDimension: 65535,
  maxInvocations: 1024,
  maxStorageBuffers: 32,
  maxBindingBytes: 2 ** 27,
  uniformAlignment: 32,
  storageAlignment: 32,
};
const gpu: Target = { ...software, subgroupLanes: 0, parallelWorkgroups: 512 };

for (const [name, target] of Object.entries({ software, gpu })) {
  Deno.test(`the cases of a training step are its dispatches, each once: ${name}`, () => {
    const program = stepProgram("vqvae", 16, 2);
    const cases = casesOf(program, target);
    const count = (list: readonly string[]) =>
      list.reduce((counts, each) => counts.set(each, (counts.get(each) ?? 0) + 1), new Map<string, number>());
    const alone = cases.flatMap((each) => {
      const signatures = plan(each.program, target).dispatches.map(signature);
      return Array.from({ length: each.count }, () => signatures).flat();
    });
    assertEquals(count(alone), count(plan(program, target).dispatches.map(signature)));
    assert(cases.some((each) => each.count > 1), "nothing was joined");
    assert(cases.some(({ name }) => name === "conv2d+add+relu"), "nothing was fused");
  });
}

Deno.test("a case knows where its group stands, with another batch, too", () => {
  const large = casesOf(stepProgram("vqvae", 32, 4), software);
  const small = isolatedGroups(stepProgram("vqvae", 32, 2), software);
  for (const each of large) {
    const same = caseOf(small[each.group]!, software);
    assertEquals(same.name, each.name);
    assertEquals(same.shape.replace(/\b2×/g, "4×"), each.shape);
  }
});

Deno.test("bytes are those of the bound operands, twice where they change in place", () => {
  const [a, b] = ["a", "b"].map((label) => variable(floatType([4, 4]), label));
  const sum = caseOf(relu(add(a!, b!)), software);
  assertEquals([sum.name, sum.shape, sum.bytes], ["add+relu", "4×4 4×4 → 4×4", 3 * 64]);
  assertEquals(caseOf(copy(1024), software).bytes, 2 * 4096);
  const counted = caseOf(count(3), software);
  assertEquals(counted.bytes, 3 * (16 + 2 * 16));
});

Deno.test("a program that plans otherwise by itself is refused", () => {
  let asked = 0;
  const node = relu(variable(floatType([4]), "x"));
  // Asks for one workgroup more each time, as no operation may.
  const restless: typeof node.operation = {
    ...node.operation,
    elementwise: undefined,
    lower: (result, lowering) =>
      node.operation.lower(result, {
        target: software,
        dispatch: (request) => lowering.dispatch({ ...request, workgroups: ++asked }),
      }),
  };
  const program = { results: [new Tensor(restless, node.inputs, undefined, node.type, "restless")] };
  assertThrows(() => casesOf(program, software), Error, "the cases are not what the program runs");
});
