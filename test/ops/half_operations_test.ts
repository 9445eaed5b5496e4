/** The cases of all operations that accept float16, against the references on the same rounded values. */

import { assertEquals } from "@std/assert";
import { elementCount } from "../../src/graph/layout.ts";
import { Gpu } from "../../src/gpu/device.ts";
import {
  buildCase,
  caseGradients,
  differentiableInputs,
  evaluate,
  hasGraph,
  readable,
  takesHalves,
} from "../case_graph.ts";
import { testOfHalves } from "../halves.ts";
import { casesOf, type OperationCase, operationCases } from "../operation_cases.ts";
import { relativeError, runGraph } from "../run_graph.ts";

const gpu = await Gpu.open();
const withoutSubgroups = await Gpu.open({ subgroups: false });

/** A float16 has eleven binary digits; a gradient may be rounded a few times on its way. */
const bounds = { output: 1e-3, gradient: 5e-3 };

/** The references of larger cases are slow; other tests run them in float32. */
function isSmall({ inputs }: OperationCase): boolean {
  return inputs.reduce((count, { shape }) => count + elementCount(shape), 0) <= 10000;
}

async function failures(operationCase: OperationCase, gpu: Gpu): Promise<string[]> {
  const graph = buildCase(operationCase, true);
  const wanted = differentiableInputs(operationCase);
  const gradients = wanted.length > 0 ? caseGradients(operationCase, graph, wanted).map(readable) : [];
  const tensors = [...graph.outputs, ...gradients];
  const expected = evaluate(tensors, graph.values, graph.effects);
  const results = await runGraph(gpu, { ...graph, tensors });
  return results.flatMap(({ values, cleanPadding }, index) => {
    const kind = index < graph.outputs.length ? "output" : "gradient";
    const found = cleanPadding ? [] : [`${operationCase.name}: the padding of ${kind} ${index} is not zero`];
    const error = relativeError(values, expected[index]!);
    return error <= bounds[kind]
      ? found
      : [...found, `${operationCase.name}: ${kind} ${index} is ${error} off the reference`];
  });
}

const tested = new Set(
  operationCases.filter((each) => hasGraph(each) && takesHalves(each)).map(({ operation }) => operation),
);

for (const operation of tested) {
  testOfHalves(`${operation} in float16`, async () => {
    const found: string[] = [];
    for (const each of casesOf(operation).filter(isSmall)) {
      for (const kind of [gpu, withoutSubgroups]) found.push(...await failures(each, kind));
    }
    assertEquals(found, []);
  });
}

Deno.test("the cases free all their memory", () => {
  for (const each of [gpu, withoutSubgroups]) {
    assertEquals(each.allocated, { bytes: 0, buffers: 0 });
    each.close();
  }
});
