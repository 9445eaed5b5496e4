/** The kernels of a program, each as a program of its own. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type BenchCase, caseOf, casesOf, signature } from "../../bench/cases.ts";
import { copy, count } from "../../bench/ceilings.ts";
import { isolatedGroups } from "../../bench/isolation.ts";
import { checkCase } from "../../bench/measure.ts";
import { stepProgram } from "../../bench/training_step.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { DispatchRequest, Target } from "../../src/graph/lowering.ts";
import { floatType } from "../../src/graph/layout.ts";
import { Tensor } from "../../src/graph/tensor.ts";
import { Densenet } from "../../src/models/densenet/model.ts";
import { add, relu } from "../../src/ops/elementwise.ts";
import { variable } from "../../src/ops/variable.ts";
import { Adam } from "../../src/optim/adam.ts";
import { plan, type Program } from "../../src/plan/plan.ts";
import { trainingProgram } from "../../src/train/densenet/program.ts";
import { asCard } from "../plan/targets.ts";

const software: Target = {
  subgroupLanes: 8,
  subgroupsNeedEnable: false,
  halves: true,
  parallelWorkgroups: 4,
  summingLines: 8,
  maxWorkgroupsPerDimension: 65535,
  maxInvocations: 1024,
  maxStorageBuffers: 32,
  maxBindingBytes: 2 ** 27,
  uniformAlignment: 32,
  storageAlignment: 32,
  choices: new Map(),
};
const gpu = asCard(software);

const counted = (list: readonly string[]) =>
  list.reduce((counts, each) => counts.set(each, (counts.get(each) ?? 0) + 1), new Map<string, number>());

/** The dispatches of all cases, each repeated by its count. */
function dispatchesOf(cases: readonly BenchCase[], target: Target): Map<string, number> {
  return counted(cases.flatMap((each) => {
    const signatures = plan(each.program, target).dispatches.map(signature);
    return Array.from({ length: each.count }, () => signatures).flat();
  }));
}

function programOfSmallDensenet(): Program {
  const model = new Densenet({
    n_classes: 3,
    latent_channels: 0,
    growth_rate: 8,
    block_layers: [2, 2],
    initial_features: 16,
    bottleneck_factor: 2,
  });
  return trainingProgram(model, new Adam(model.set.parameters), [2, 3, 24, 24]).program;
}

for (const [name, target] of Object.entries({ software, gpu })) {
  Deno.test(`the cases of a training step cover its dispatches: ${name}`, () => {
    const program = stepProgram("vqvae", 16, 2);
    const cases = casesOf(program, target);
    assertEquals(
      dispatchesOf(cases, target),
      counted(plan(program, target).dispatches.map(signature)),
    );
    assert(cases.some((each) => each.count > 1), "no two kernels were counted together");
    assert(cases.some(({ name }) => name === "conv2d+add+relu"), "nothing was fused");
  });

  Deno.test(`the cases of dense blocks, which share memory, cover their dispatches: ${name}`, () => {
    const program = programOfSmallDensenet();
    const cases = casesOf(program, target);
    assertEquals(
      dispatchesOf(cases, target),
      counted(plan(program, target).dispatches.map(signature)),
    );
    const has = (operation: string, shape: string, variant: string) =>
      assert(
        cases.some((each) =>
          each.name === operation && each.shape.includes(shape) && each.variant.includes(variant)
        ),
        `${operation} ${shape} ${variant}`,
      );
    has("max_pool2d", "→ 2×16[0/32]×6×6 2×6×6×4", "WINNERS");
    has("conv2d", "2×24[0/32]×6×6 1×24×4×1 16×24×1×1 →", "NORMALISE RELU");
    has("conv2d", "→ 2×8[24/32]×6×6", "NORMALISE RELU");
    has("moments", "2×8[16/32]×6×6 → 1×8[16/32]×2×1", "");
    has("conv2d_weight_gradient", "2×16×6×6 1×16×4×1 2×8[24/32]×6×6 →", "NORMALISE RELU");
    has(
      "normalise_gradient",
      "2×24[0/32]×6×6 1×24[0/32]×2×1 → 2×24[0/32]×6×6 1×24[0/32]×2×1 24 24",
      "RELU ADD",
    );
    has("moments_gradient", "2×8[16/32]×6×6 → 2×8[16/32]×6×6", "ADD");
    has("normalise", "→ 2×32×3×3", "RELU");
  });
}

Deno.test("every kernel of dense blocks, run by itself, equals its reference", async () => {
  const own = await Gpu.open();
  for (const each of casesOf(programOfSmallDensenet(), own.target)) await checkCase(own, each);
  own.close();
});

Deno.test("checkCase finds a kernel that writes to the wrong rows or does not add to its sum", async () => {
  const own = await Gpu.open();
  const alter = (node: Tensor, change: (request: DispatchRequest) => Partial<DispatchRequest>) => {
    const wrong = new Tensor(
      {
        ...node.operation,
        lower: (result, lowering) =>
          node.operation.lower(result, {
            ...lowering,
            dispatch: (request) => lowering.dispatch({ ...request, ...change(request) }),
          }),
      },
      node.inputs,
      node.attributes,
      node.type,
      node.label,
    );
    wrong.place = node.place;
    wrong.auxiliary.push(...node.auxiliary);
    return caseOf(wrong, own.target);
  };
  const isolated = isolatedGroups(programOfSmallDensenet(), own.target);
  const find = (name: string, placedAt: number) =>
    isolated.find(({ operation, place }) => operation.name === name && place?.channel === placedAt)!;
  const beside = alter(find("moments", 16), ({ params }) => ({ params: { ...params, y_first: 3 } }));
  await assertRejects(() => checkCase(own, beside), Error, "instead of");
  const lazy = alter(find("moments_gradient", 16), ({ params }) => ({ params: { ...params, factor: 0 } }));
  await assertRejects(() => checkCase(own, lazy), Error, "instead of");
  const replaced = alter(
    find("normalise_gradient", 0),
    ({ constants }) => ({ constants: { ...constants, ADD: false } }),
  );
  await assertRejects(() => checkCase(own, replaced), Error, "instead of");
  own.close();
});

Deno.test("a case's group has the same index in a program with another batch", () => {
  const large = casesOf(stepProgram("vqvae", 32, 4), software);
  const small = isolatedGroups(stepProgram("vqvae", 32, 2), software);
  for (const each of large) {
    const same = caseOf(small[each.group]!, software);
    assertEquals(same.name, each.name);
    assertEquals(same.shape.replace(/\b2×/g, "4×"), each.shape);
  }
});

Deno.test("bytes count the bound operands, and twice those that are changed in place", () => {
  const [a, b] = ["a", "b"].map((label) => variable(floatType([4, 4]), label));
  const sum = caseOf(relu(add(a!, b!)), software);
  assertEquals([sum.name, sum.shape, sum.bytes], ["add+relu", "4×4 4×4 → 4×4", 3 * 64]);
  assertEquals(caseOf(copy(1024), software).bytes, 2 * 4096);
  const counted = caseOf(count(3), software);
  assertEquals(counted.bytes, 3 * (16 + 2 * 16));
});

Deno.test("casesOf throws if a case plans to other dispatches than the program", () => {
  let asked = 0;
  const node = relu(variable(floatType([4]), "x"));
  // Asks for one more workgroup each time, which no operation may do.
  const restless: typeof node.operation = {
    ...node.operation,
    elementwise: undefined,
    lower: (result, lowering) =>
      node.operation.lower(result, {
        ...lowering,
        dispatch: (request) => lowering.dispatch({ ...request, workgroups: ++asked }),
      }),
  };
  const program = { results: [new Tensor(restless, node.inputs, undefined, node.type, "restless")] };
  assertThrows(() => casesOf(program, software), Error, "the cases do not match the program");
});
