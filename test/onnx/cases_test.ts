/** The reader of ONNX cases, and the inputs that are planned for them. */

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { loadOnnxCases } from "./cases.ts";
import { onnxPlan, plannedInputs } from "./plan.ts";
import { readFields } from "./protobuf.ts";

const cases = loadOnnxCases();
const ignore = cases === undefined;

function caseNamed(name: string) {
  return cases!.find((each) => each.name === name)!;
}

Deno.test("protobuf: reads integers, floats and bytes by field number", () => {
  const message = Uint8Array.of(0x08, 0x96, 0x01, 0x15, 0, 0, 0x80, 0x3f, 0x1a, 2, 7, 8);
  assertEquals(readFields(message), [
    { number: 1, value: 150n },
    { number: 2, value: 1 },
    { number: 3, value: Uint8Array.of(7, 8) },
  ]);
  const negative = Uint8Array.of(0x08, ...new Array(9).fill(0xff), 0x01);
  assertEquals(readFields(negative), [{ number: 1, value: -1n }]);
  assertThrows(() => readFields(message.subarray(0, 11)), SyntaxError, "cut off");
  assertThrows(() => readFields(Uint8Array.of(0x0b)), SyntaxError, "wire type 3");
});

Deno.test("a missing folder has no cases", () => {
  assertEquals(loadOnnxCases("/no/such/folder"), undefined);
});

Deno.test({
  name: "every ONNX case has a plan or a reason",
  ignore,
  fn() {
    assertEquals(cases!.map(({ name }) => name), Object.keys(onnxPlan).sort());
  },
});

Deno.test({
  name: "ONNX shapes, attributes and values are read",
  ignore,
  fn() {
    const conv = caseNamed("test_conv_with_strides_and_asymmetric_padding");
    assertEquals(conv.opType, "Conv");
    assertEquals(conv.attributes, { kernel_shape: [3, 3], pads: [1, 0, 1, 0], strides: [2, 2] });
    assertEquals(conv.inputs.map(({ shape }) => shape), [[1, 1, 7, 5], [1, 1, 3, 3]]);
    assertEquals(Array.from(conv.inputs[0]!.data), Array.from({ length: 35 }, (_, index) => index));
    assertEquals(caseNamed("test_gemm_alpha").attributes, { alpha: 0.5 });
    assertEquals(caseNamed("test_reduce_sum_keepdims_random").inputs[1]!.data, Int32Array.of(1));
    const { inputs, outputs } = caseNamed("test_relu");
    assertEquals(
      outputs[0]!.data,
      inputs[0]!.data.map((value) => Math.max(value, 0)) as Float32Array<ArrayBuffer>,
    );
  },
});

Deno.test({
  name: "planned inputs have the size of their shape, and those of Gemm give its output",
  ignore,
  fn() {
    for (const onnxCase of cases!) {
      const plan = onnxPlan[onnxCase.name]!;
      if ("reason" in plan) continue;
      for (const { shape, data } of plannedInputs(plan, onnxCase)) {
        assertEquals(data.length, shape.reduce((product, extent) => product * extent, 1), onnxCase.name);
      }
    }
    const gemm = caseNamed("test_gemm_all_attributes");
    const plan = onnxPlan[gemm.name]!;
    assert("operation" in plan);
    const [x, weight, bias] = plannedInputs(plan, gemm);
    gemm.outputs[0]!.data.forEach((expected, index) => {
      const row = Math.floor(index / 5), column = index % 5;
      let sum = bias!.data[column]!;
      for (let k = 0; k < 4; k++) sum += x!.data[row * 4 + k]! * weight!.data[column * 4 + k]!;
      assertAlmostEquals(sum, expected, 1e-5);
    });
  },
});
