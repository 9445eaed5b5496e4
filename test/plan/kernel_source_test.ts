/** Variants of kernels: their bindings, labels and packed Params. */

import { assertEquals, assertThrows } from "@std/assert";
import { kernelVariant, packParams } from "../../src/plan/kernel_source.ts";

const source = `// A comment on x.
struct Params { quads: u32, offset: i32, factor: f32,
  last: u32, }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage,read_write> y: array<vec4f>;
//: if BIAS
@group(0) @binding(3)
var<storage, read> bias: array<vec4f>;
//: end
\${EXTRA}
var<workgroup> tile: array<vec4f, \${SIZE}>;
fn main() {}
`;
const kernel = { name: "sample", source };

Deno.test("a variant has the bindings and Params that its source declares", () => {
  const variant = kernelVariant(kernel, { BIAS: true, SIZE: 8, EXTRA: "" });
  assertEquals(variant.bindings, [
    { name: "p", index: 0, access: "uniform" },
    { name: "x", index: 2, access: "read" },
    { name: "y", index: 1, access: "read_write" },
    { name: "bias", index: 3, access: "read" },
  ]);
  assertEquals(variant.params, [
    { name: "quads", type: "u32" },
    { name: "offset", type: "i32" },
    { name: "factor", type: "f32" },
    { name: "last", type: "u32" },
  ]);
  assertEquals(variant.code.includes("array<vec4f, 8>"), true);
});

Deno.test("a binding that only one variant declares is not one of the others", () => {
  const names = (constants: { BIAS: boolean; EXTRA: string }) =>
    kernelVariant(kernel, { SIZE: 8, ...constants }).bindings.map(({ name }) => name);
  assertEquals(names({ BIAS: false, EXTRA: "" }), ["p", "x", "y"]);
  const EXTRA = "@group(0) @binding(4) var<storage, read> operand0: array<vec4f>;";
  assertEquals(names({ BIAS: false, EXTRA }), ["p", "x", "y", "operand0"]);
});

Deno.test("a label lists numbers and set flags, but no pieces of code", () => {
  const label = (constants: Record<string, number | string | boolean>) =>
    kernelVariant({ name: "sample", source: "" }, constants).label;
  assertEquals(label({}), "sample");
  assertEquals(label({ EXTRA: "long code", BIAS: false }), "sample");
  assertEquals(label({ SIZE: 8, BIAS: true, WIDE: false, EXTRA: "code" }), "sample[SIZE=8 BIAS]");
});

Deno.test("a kernel without Params packs to 16 zero bytes", () => {
  const variant = kernelVariant({ name: "bare", source: "fn main() {}" }, {});
  assertEquals([variant.bindings, variant.params], [[], []]);
  assertEquals(packParams(variant, {}).length, 16);
});

const variant = kernelVariant(kernel, { BIAS: false, SIZE: 8, EXTRA: "" });

Deno.test("Params are packed in the order of the struct, by type, into a multiple of 16 bytes", () => {
  const bytes = packParams(variant, { last: 4000000000, factor: 0.1, offset: -5, quads: 7 });
  const view = new DataView(bytes.buffer);
  assertEquals(bytes.length, 16);
  assertEquals(
    [view.getUint32(0, true), view.getInt32(4, true), view.getFloat32(8, true), view.getUint32(12, true)],
    [7, -5, Math.fround(0.1), 4000000000],
  );
  const five = kernelVariant({
    name: "five",
    source: "struct Params { a: u32, b: u32, c: u32, d: u32, e: u32 }",
  }, {});
  assertEquals(packParams(five, { a: 1, b: 2, c: 3, d: 4, e: 5 }).length, 32);
});

for (
  const [values, message] of [
    [{ quads: 1, offset: 0, factor: 1 }, "sample[SIZE=8]: Params.last is undefined; expected u32"],
    [{ quads: 1, offset: 0, factor: 1, last: 1, more: 2 }, "sample[SIZE=8]: Params has no member more"],
    [{ quads: 1.5, offset: 0, factor: 1, last: 1 }, "sample[SIZE=8]: Params.quads is 1.5; expected u32"],
    [{ quads: NaN, offset: 0, factor: 1, last: 1 }, "sample[SIZE=8]: Params.quads is NaN; expected u32"],
    [
      { quads: 1, offset: Infinity, factor: 1, last: 1 },
      "sample[SIZE=8]: Params.offset is Infinity; expected i32",
    ],
  ] as [Record<string, number>, string][]
) {
  Deno.test(`packParams refuses: ${message}`, () => {
    assertThrows(() => packParams(variant, values), RangeError, message);
  });
}
