/**
 * Every variant of a convolution, of its input gradient and of its weight gradient against the float64 reference, on
 * both kinds of adapters.
 */

import { assert, assertEquals } from "@std/assert";
import { Gpu } from "../../../src/gpu/device.ts";
import type { FloatType } from "../../../src/graph/layout.ts";
import type { Target } from "../../../src/graph/lowering.ts";
import { tunablesOf } from "../../../src/plan/lower.ts";
import { buildCase, caseGradients, differentiableInputs, evaluate, readable } from "../../case_graph.ts";
import { testOfHalves } from "../../halves.ts";
import { type OperationCase, operationCases } from "../../operation_cases.ts";
import { asCard } from "../../plan/targets.ts";
import { relativeError, runGraph } from "../../run_graph.ts";

const gpu = await Gpu.open();
const withoutSubgroups = await Gpu.open({ subgroups: false });

/** Cases that together cover every edge of a tile. */
const cases = operationCases.filter(({ operation, name }) =>
  ["conv2d", "conv_transpose2d", "normalised_conv2d"].includes(operation) &&
  /odd size|halving|doubling|uneven padding|padding 2|33 channels|to 33|64 to 128|128 to 64|128 to 128|128 to 1|dilation 2|stride 3|batch/
    .test(name)
);

/** Fewer cases are enough in float16, whose kernels differ in loads and stores only. */
const casesOfHalves = cases.filter(({ name }) => /odd size|33 channels|33 to 5|to 33|padding 2/.test(name));
const bounds = { f32: 2e-5, f16: 5e-3 };

async function checkVariants(
  operationCase: OperationCase,
  own: Gpu,
  general: Target,
  precision: FloatType,
): Promise<Set<string>> {
  const graph = buildCase(operationCase, precision === "f16");
  const gradients = caseGradients(operationCase, graph, differentiableInputs(operationCase)).map(readable);
  const tensors = [...graph.outputs, ...gradients];
  const expected = evaluate(tensors, graph.values, graph.effects);
  const tunables = tunablesOf([...tensors, ...graph.effects], general);
  const names = new Set(tunables.flatMap(({ variants }) => variants.map(({ name }) => name)));
  for (const name of names) {
    const target = { ...general, choices: { get: () => name } };
    const got = await runGraph(own, { values: graph.values, tensors, effects: graph.effects }, target);
    got.forEach(({ values, cleanPadding }, index) => {
      const where = `${operationCase.name}: ${tensors[index]!.label} by ${name}`;
      const error = relativeError(values, expected[index]!);
      assert(error < bounds[precision], `${where}: ${error}`);
      assert(cleanPadding, `${where}: padding in quads is not zero`);
    });
  }
  return names;
}

const kinds = [
  { kind: "subgroups", own: gpu, target: gpu.target },
  { kind: "as on a GPU", own: withoutSubgroups, target: asCard(withoutSubgroups.target) },
];

for (const { kind, own, target } of kinds) {
  Deno.test(`every variant of a convolution computes the same: ${kind}`, async () => {
    const names = new Set<string>();
    for (const each of cases) {
      for (const name of await checkVariants(each, own, target, "f32")) names.add(name);
    }
    const kinds = [...names].map((name) => name.replace(/ \d.*/, ""));
    const cooperative = target.subgroupLanes > 0
      ? ["narrow subgroup", "subgroup"]
      : ["split workgroup", "workgroup"];
    assertEquals([...new Set(kinds)].sort(), ["direct", ...cooperative, "winograd"].sort());
  });

  Deno.test(`every tile of a convolution adds up in the same order, to the same bits: ${kind}`, async () => {
    for (const each of cases) {
      const graph = buildCase(each);
      const tiles = tunablesOf(graph.outputs, target).flatMap(({ variants }) => variants)
        .map(({ name }) => name).filter((name) => !/^(winograd|split)/.test(name));
      assert(tiles.length > 3, each.name);
      const results = [];
      for (const name of tiles) {
        const chosen = { ...target, choices: { get: () => name } };
        const tensors = graph.outputs;
        const got = await runGraph(own, { values: graph.values, tensors, effects: graph.effects }, chosen);
        results.push({ name, values: got.map(({ values }) => values) });
      }
      for (const { name, values } of results) {
        assertEquals(values, results[0]!.values, `${each.name}: ${name} and ${results[0]!.name}`);
      }
    }
  });

  testOfHalves(`every variant in float16: ${kind}`, async () => {
    assert(casesOfHalves.length > 2);
    for (const each of casesOfHalves) await checkVariants(each, own, target, "f16");
  });
}
