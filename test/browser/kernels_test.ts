/** Every kernel of both models, for training and for trained models, compiles with Chrome's compiler. */

import { assert, assertEquals } from "../../src/std/assert.ts";
import { models } from "../../bench/models.ts";
import { floatType } from "../../src/graph/layout.ts";
import type { Target, Variant } from "../../src/graph/lowering.ts";
import { Tensor } from "../../src/graph/tensor.ts";
import { densenet121 } from "../../src/models/densenet/configuration.ts";
import { Densenet } from "../../src/models/densenet/model.ts";
import { defaultConfiguration } from "../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../src/models/vqvae/model.ts";
import { channelsLast } from "../../src/ops/channels.ts";
import { variable } from "../../src/ops/variable.ts";
import { tunablesOf } from "../../src/plan/lower.ts";
import { plan, type Program } from "../../src/plan/plan.ts";
import { planSizes, planTargets } from "../../scripts/plan_targets.ts";
import { inDawn } from "./dawn.ts";

// Deno takes kernels without `enable subgroups;`, browsers do not.
const targets: Record<string, Target> = Object.fromEntries(
  Object.entries(planTargets).map(([name, target]) => [name, { ...target, subgroupsNeedEnable: true }]),
);

const batch = 4;

/** What is planned: each model's training step and its trained pass, at each size. */
function* programs(): Generator<Program> {
  for (const name of ["vqvae", "densenet"] as const) {
    const sides = planSizes[name];
    for (const side of sides) {
      yield models[name](side, batch, "f32").step.program;
      yield models[name](side, batch, "f16").step.program;
      const images = variable(floatType([batch, 3, side, side]), "images");
      yield { results: trainedResults(name, channelsLast(images)) };
    }
  }
}

function trainedResults(name: "vqvae" | "densenet", images: Tensor): Tensor[] {
  if (name === "densenet") {
    return [new Densenet({ ...densenet121 }).forward(images, "evaluate")];
  }
  const model = new Vqvae({ ...defaultConfiguration });
  const { reconstruction, latent, top, bottom } = model.forward(images);
  const given = (codes: Tensor) => variable(codes.type, "codes");
  const decoded = model.decode({ top: given(top.codes), bottom: given(bottom.codes) });
  return [reconstruction, latent, top.codes, bottom.codes, decoded.reconstruction];
}

/** Every kernel's label by its code. */
type Kernels = Map<string, string>;

function addPlan(kernels: Kernels, program: Program, target: Target): void {
  for (const { variant } of plan(program, target).dispatches) {
    kernels.set(variant.code, variant.label);
  }
}

/** What the source of each kernel of a variant is made from. */
function ingredients({ lower }: Variant, target: Target): string[] {
  const found: string[] = [];
  lower({
    target,
    dispatch({ kernel, constants, bindings }) {
      const halves = Object.keys(bindings).filter((name) => {
        const operand = bindings[name]!;
        return operand instanceof Tensor && operand.dtype === "f16";
      });
      found.push(JSON.stringify([kernel.name, constants, halves]));
    },
    choose: () => {},
  });
  return found;
}

/**
 * Adds the kernels of every variant of every node that has several, each node by itself. `known` are their
 * ingredients.
 */
function addVariants(
  kernels: Kernels,
  known: Set<string>,
  program: Program,
  target: Target,
): void {
  const { results = [], effects = [] } = program;
  for (
    const { node, variants } of tunablesOf([...results, ...effects], target)
  ) {
    const inputs = node.inputs.map(({ type, label }) => variable(type, label));
    const alone = new Tensor(
      node.operation,
      inputs,
      node.attributes,
      node.type,
      node.label,
    );
    for (const variant of variants) {
      const fresh = ingredients(variant, target).filter((each) => !known.has(each));
      if (fresh.length === 0) continue;
      addPlan(kernels, { results: [alone] }, {
        ...target,
        choices: { get: () => variant.name },
      });
      for (const each of fresh) known.add(each);
    }
  }
}

/** Compiles kernels, and returns a line for each that fails. */
async function compile(kernels: Kernels): Promise<string[]> {
  return await inDawn(async (gpu) => {
    const adapter = (await gpu.requestAdapter())!;
    const {
      maxComputeInvocationsPerWorkgroup,
      maxStorageBuffersPerShaderStage,
    } = adapter.limits;
    const device = await adapter.requestDevice({
      requiredFeatures: ["shader-f16", "subgroups" as GPUFeatureName],
      requiredLimits: {
        maxComputeInvocationsPerWorkgroup,
        maxStorageBuffersPerShaderStage,
        maxComputeWorkgroupSizeX: adapter.limits.maxComputeWorkgroupSizeX,
        maxComputeWorkgroupStorageSize: adapter.limits.maxComputeWorkgroupStorageSize,
      },
    });
    // Compilers' messages come with the pipelines' rejections; the device need not print them, too.
    device.pushErrorScope("validation");
    const outcomes = await Promise.allSettled(
      [...kernels].map(([code, label]) => {
        const module = device.createShaderModule({ label, code });
        return device.createComputePipelineAsync({
          label,
          layout: "auto",
          compute: { module, entryPoint: "main" },
        });
      }),
    );
    await device.popErrorScope();
    device.destroy();
    const labels = [...kernels.values()];
    return outcomes.flatMap((outcome, index) =>
      outcome.status === "rejected" ? [`${labels[index]}: ${outcome.reason.message}`] : []
    );
  });
}

const all: Kernels = new Map();
const planned = [...programs()];

for (const [name, target] of Object.entries(targets)) {
  Deno.test(`Chrome's compiler takes the kernels of both models for a GPU with ${name}`, async () => {
    const kernels: Kernels = new Map();
    const known = new Set<string>();
    for (const program of planned) {
      addPlan(kernels, program, target);
      addVariants(kernels, known, program, target);
    }
    const failures = await compile(kernels);
    for (const [code, label] of kernels) all.set(code, label);
    console.log(`${name}: ${kernels.size} kernels; ${all.size} in all so far`);
    assertEquals(failures, []);
    assert(kernels.size > 100);
  });
}

Deno.test("the kernels compiled include every kind", () => {
  const labels = [...all.values()];
  for (
    const part of [
      "conv2d_subgroup",
      "conv2d_workgroup",
      "conv2d_direct",
      "winograd",
      " f16",
      "adam",
    ]
  ) {
    assert(labels.some((label) => label.includes(part)), part);
  }
});

Deno.test("a kernel that is wrong does not compile", async () => {
  const [failure] = await compile(
    new Map([["@compute @workgroup_size(1) fn main() { y = 1; }", "wrong"]]),
  );
  assert(failure?.startsWith("wrong: "), failure);
});
