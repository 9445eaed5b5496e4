/** Kernels in float16: how their code is rewritten, and that they compute the same as in float32. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Gpu } from "../../src/gpu/device.ts";
import { floatType } from "../../src/graph/layout.ts";
import { add, multiply, relu } from "../../src/ops/elementwise.ts";
import { variable } from "../../src/ops/variable.ts";
import { withHalves } from "../../src/plan/half_access.ts";
import { plan } from "../../src/plan/plan.ts";
import { normalArray } from "../../src/random.ts";
import { relativeError, runGraph } from "../run_graph.ts";
import { softwareTarget } from "./targets.ts";

const bindings = `@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> s: array<f32>;
@group(0) @binding(3) var<storage, read> u: array<u32>;
`;

/** A statement rewritten for x, y and s in float16. */
function rewritten(statement: string): string {
  return withHalves("sample", bindings + statement, ["x", "y", "s"]).split("\n").slice(5).join("\n");
}

for (
  const [what, before, after] of [
    ["a read widens", "let a = x[i] * s[0];", "let a = vec4f(x[i]) * f32(s[0]);"],
    ["an index can contain another access", "let a = x[u[x[i].x]];", "let a = vec4f(x[u[vec4f(x[i]).x]]);"],
    ["an assignment rounds", "y[i] = x[i];", "y[i] = vec4<f16>(vec4f(x[i]));"],
    [
      "a sum in place widens and rounds",
      "y[at + 1u] += v;",
      "y[at + 1u] = vec4<f16>(vec4f(y[at + 1u]) + (v));",
    ],
    ["a comparison is not an assignment", "if (s[i] == 0.0) { }", "if (f32(s[i]) == 0.0) { }"],
    ["other names stay unchanged", "x_tile[i] = max[i] + p.x[i];", "x_tile[i] = max[i] + p.x[i];"],
    [
      "several statements on a line",
      "if (a) { y[i] = b; } y[j] -= c;",
      "if (a) { y[i] = vec4<f16>(b); } y[j] = vec4<f16>(vec4f(y[j]) - (c));",
    ],
    ["comments are removed", "// y[i] = x[i]\nlet a = 1;", "\nlet a = 1;"],
  ] as const
) {
  Deno.test(`float16: ${what}`, () => assertEquals(rewritten(before), after));
}

Deno.test("float16: the declarations change, and the code begins with enable f16", () => {
  assertEquals(
    withHalves("sample", bindings, ["x", "s"]),
    `enable f16;\n${
      bindings.replace("x: array<vec4f>", "x: array<vec4<f16>>").replace("s: array<f32>", "s: array<f16>")
    }`,
  );
  assertEquals(withHalves("sample", "// y[i] = x[i]", []), "// y[i] = x[i]");
  assertThrows(
    () => withHalves("sample", bindings, ["u"]),
    SyntaxError,
    "sample: u cannot hold float16, as it is array<u32>",
  );
});

Deno.test("a chain of operations on single elements in float16 is computed in float32 and rounded once", async () => {
  const gpu = await Gpu.open();
  const type = floatType([2, 6, 5, 3], "channels_last", "f16");
  const [a, b] = [variable(type, "a"), variable(type, "b")];
  const [first, second] = [1, 2].map((key) => normalArray(key, 180)) as [
    Float32Array<ArrayBuffer>,
    Float32Array<ArrayBuffer>,
  ];
  const results = await runGraph(gpu, {
    values: new Map([[a, first], [b, second]]),
    tensors: [relu(add(multiply(a, b), a))],
  });
  const expected = first.map((value, index) => {
    const [x, y] = [Math.f16round(value), Math.f16round(second[index]!)];
    return Math.f16round(Math.max(x * y + x, 0));
  });
  assert(results[0]!.cleanPadding);
  assert(relativeError(results[0]!.values, expected) < 1e-3);
  gpu.close();
});

Deno.test("a plan with float16 is refused if the adapter has none", () => {
  const x = variable(floatType([8], "flat", "f16"), "x");
  assertThrows(
    () => plan({ results: [relu(x)] }, { ...softwareTarget, halves: false }),
    RangeError,
    "Cannot plan: relu is float16, which the adapter does not store",
  );
});
