/**
 * Every case of the table on the GPU, its gradients included, against the float64 reference; both are compared with
 * PyTorch if there is a golden. Each operation runs as planned for this adapter and as planned for others.
 */

import { assertEquals } from "@std/assert";
import { Gpu } from "../../src/gpu/device.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import {
  buildCase,
  caseGradients,
  type CaseGraph,
  differentiableInputs,
  evaluate,
  hasGraph,
  readable,
} from "../case_graph.ts";
import { goldenError, type OperationGolden, readOperationGoldens } from "../golden/read.ts";
import { testOfHalves } from "../halves.ts";
import { casesOf, type OperationCase, operationCases } from "../operation_cases.ts";
import { asCard } from "../plan/targets.ts";
import { normalisedSquaredError, relativeError, runGraph } from "../run_graph.ts";

const gpu = await Gpu.open();
const withoutSubgroups = await Gpu.open({ subgroups: false });
const goldens = await readOperationGoldens();

const kinds = [
  { kind: "the adapter's kernels", gpu, target: gpu.target },
  { kind: "no subgroups", gpu: withoutSubgroups, target: withoutSubgroups.target },
  {
    kind: "work split as on a GPU",
    gpu: withoutSubgroups,
    target: asCard(withoutSubgroups.target),
  },
  { kind: "folded grids", gpu, target: { ...gpu.target, maxWorkgroupsPerDimension: 7 } },
];

/** A case's graph, its wanted tensors (outputs, then gradients) and their float64 values. */
interface PreparedCase {
  graph: CaseGraph;
  tensors: Tensor[];
  expected: Float64Array[];
}

const prepared = new Map<OperationCase, PreparedCase>();

function prepare(operationCase: OperationCase): PreparedCase {
  const known = prepared.get(operationCase);
  if (known) return known;
  const graph = buildCase(operationCase);
  const wanted = differentiableInputs(operationCase);
  const gradients = wanted.length > 0 ? caseGradients(operationCase, graph, wanted).map(readable) : [];
  const tensors = [...graph.outputs, ...gradients];
  const result = { graph, tensors, expected: evaluate(tensors, graph.values, graph.effects) };
  prepared.set(operationCase, result);
  return result;
}

/** The golden's arrays beside their names, in the order of a prepared case's tensors. */
function goldenArrays({ outputs, gradients }: OperationGolden) {
  return [
    ...Object.entries(outputs),
    ...gradients.map((gradient, index) => [`gradient ${index}`, gradient] as const),
  ];
}

function goldenFailures(operationCase: OperationCase, values: ArrayLike<number>[], tolerance: number) {
  if (!operationCase.golden) return [];
  const { operation, name } = operationCase;
  const golden = goldens.find((each) => each.operation === operation && each.name === name);
  if (!golden) return [`${name}: no golden`];
  const { asGolden } = operationCase;
  const rearranged = asGolden ? asGolden(prepare(operationCase).graph.outputs, values) : values;
  // PyTorch has gradients of channel_sum, too; here it is part of backward passes only.
  return goldenArrays(golden).slice(0, rearranged.length).flatMap(([label, array], index) => {
    const error = goldenError(array, rearranged[index]!);
    return error <= tolerance ? [] : [`${name}: ${label} is ${error} off PyTorch's`];
  });
}

async function failures(operationCase: OperationCase, { gpu, target }: typeof kinds[number]) {
  const { name, accuracy } = operationCase;
  const { graph, tensors, expected } = prepare(operationCase);
  const results = await runGraph(gpu, { ...graph, tensors }, target);
  const found: string[] = [];
  results.forEach(({ values, cleanPadding }, index) => {
    const outputs = graph.outputs.length;
    const label = index < outputs ? `output ${index}` : `gradient ${index - outputs}`;
    if (!cleanPadding) found.push(`${name}: the padding of ${label} is not zero`);
    const error = relativeError(values, expected[index]!);
    const bound = accuracy === "exact" ? 0 : 1e-5;
    if (!(error <= bound)) found.push(`${name}: ${label} is ${error} off the reference`);
    const squares = normalisedSquaredError(values, expected[index]!);
    if (accuracy === "element" && !(squares <= 1e-7)) {
      found.push(`${name}: ${label} has a normalised squared error of ${squares}`);
    }
  });
  return [...found, ...goldenFailures(operationCase, results.map(({ values }) => values), 1e-4)];
}

const tested = new Set(operationCases.filter(hasGraph).map(({ operation }) => operation));

for (const operation of tested) {
  for (const kind of kinds) {
    // Casts are to float16.
    const test = operation === "cast" ? testOfHalves : Deno.test;
    test(`${operation} on the GPU, ${kind.kind}`, async () => {
      const found: string[] = [];
      for (const each of casesOf(operation)) found.push(...await failures(each, kind));
      assertEquals(found, []);
    });
  }
  Deno.test(`${operation}: the reference equals PyTorch`, () => {
    assertEquals(
      casesOf(operation).flatMap((each) => goldenFailures(each, prepare(each).expected, 1e-6)),
      [],
    );
  });
}

Deno.test("the cases free all their memory", () => {
  for (const { allocated } of [gpu, withoutSubgroups]) assertEquals(allocated, { bytes: 0, buffers: 0 });
  gpu.close();
  withoutSubgroups.close();
});
