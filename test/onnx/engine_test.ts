/** Runs the ONNX project's node tests on the GPU. A test that cannot run is ignored, and its name says why. */

import { assertEquals } from "@std/assert";
import { Gpu } from "../../src/gpu/device.ts";
import { buildGraph } from "../case_graph.ts";
import { casesOf } from "../operation_cases.ts";
import { runGraph } from "../run_graph.ts";
import { loadOnnxCases, onnxFolder } from "./cases.ts";
import { onnxPlan, plannedInputs } from "./plan.ts";

const cases = loadOnnxCases();
if (!cases) {
  console.log(
    `the ONNX cases are not run: no folder ${onnxFolder()}; set ONNX_NODE_TESTS to the folder of the cases`,
  );
}

/** ONNX's own tolerances. */
const [relativeTolerance, absoluteTolerance] = [1e-3, 1e-7];

const planned = Object.entries(onnxPlan);
const leftOut = planned.filter(([, plan]) => "reason" in plan);
console.log(
  `ONNX: ${planned.length - leftOut.length} cases can be run, ${leftOut.length} cannot; their names say why`,
);

for (const [name, plan] of planned) {
  if ("reason" in plan) {
    Deno.test({ name: `ONNX ${name} is not run: ${plan.reason}`, ignore: true, fn() {} });
    continue;
  }
  const onnxCase = cases?.find((each) => each.name === name);
  Deno.test({
    name: `ONNX ${name} by ${plan.operation}${onnxCase ? "" : ": its files are missing"}`,
    ignore: !onnxCase,
    async fn() {
      const gpu = await Gpu.open();
      const [expected] = onnxCase!.outputs;
      const [like] = casesOf(plan.operation);
      for (const target of [gpu.target, { ...gpu.target, subgroupLanes: 0 }]) {
        const graph = buildGraph({ ...like!, attributes: plan.attributes }, plannedInputs(plan, onnxCase!));
        const [result] = await runGraph(gpu, { ...graph, tensors: graph.outputs }, target);
        assertEquals(result!.values.length, expected!.data.length);
        const wrong = Array.from(result!.values, (value, index) => [value, expected!.data[index]!] as const)
          .filter(([value, wanted]) =>
            !(Math.abs(value - wanted) <= absoluteTolerance + relativeTolerance * Math.abs(wanted))
          );
        assertEquals(wrong, [], "values and expected values");
      }
      gpu.close();
    },
  });
}
