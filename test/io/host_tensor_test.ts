/** Element types of host tensors. */

import { assertEquals } from "@std/assert";
import {
  type DType,
  dtypeOf,
  dtypes,
  type HostTensor,
  shapeSize,
  tensorOver,
  toFloat32,
} from "../../src/io/host_tensor.ts";

/** The values of all bit patterns of the 8-bit floats; "nan", "inf" and "-inf" are text. */
const float8: Record<string, (number | string)[]> = JSON.parse(
  await Deno.readTextFile(new URL("../golden/float8.json", import.meta.url)),
);

const cases: [DType, HostTensor["data"], number[]][] = [
  ["F64", Float64Array.of(1 / 3, 1e300), [Math.fround(1 / 3), Infinity]],
  ["F32", Float32Array.of(1.5, -0), [1.5, -0]],
  ["F16", Float16Array.of(0.1, 65504, NaN), [0.0999755859375, 65504, NaN]],
  ["I64", BigInt64Array.of(-3n, 2n ** 40n), [-3, 2 ** 40]],
  ["U64", BigUint64Array.of(2n ** 63n), [2 ** 63]],
  ["I32", Int32Array.of(-(2 ** 31), 16777217), [-(2 ** 31), 16777216]],
  ["U32", Uint32Array.of(2 ** 31), [2 ** 31]],
  ["I16", Int16Array.of(-5), [-5]],
  ["U16", Uint16Array.of(65535), [65535]],
  ["I8", Int8Array.of(-128), [-128]],
  ["U8", Uint8Array.of(255), [255]],
  ["BF16", Uint16Array.of(0x3f80, 0xc040, 0x7f80, 0x8000), [1, -3, Infinity, -0]],
  ["BOOL", Uint8Array.of(1, 0), [1, 0]],
  ...Object.entries(float8).map(([dtype, values]): typeof cases[0] => [
    dtype as DType,
    Uint8Array.from({ length: 256 }, (_, bits) => bits),
    values.map((value) => typeof value === "number" ? value : Number(value.replace("inf", "Infinity"))),
  ]),
];

for (const [dtype, data, values] of cases) {
  Deno.test(`tensorOver, dtypeOf, toFloat32: ${dtype}`, () => {
    const tensor = tensorOver(dtype, [values.length], data.buffer);
    assertEquals(dtypeOf(tensor), dtype);
    assertEquals(tensor.data, data);
    assertEquals(toFloat32(tensor), Float32Array.from(values));
  });
}

Deno.test("every element type has a case above; shapeSize multiplies", () => {
  assertEquals(cases.map(([dtype]) => dtype).toSorted(), dtypes.toSorted());
  assertEquals([shapeSize([]), shapeSize([2, 3]), shapeSize([4, 0])], [1, 6, 0]);
});

Deno.test("toFloat32: respects an array's offset in its buffer, and does not copy float32", () => {
  const bits = Uint16Array.of(0, 0x3f80, 0x4000).subarray(1);
  assertEquals(toFloat32({ shape: [2], data: bits, dtype: "BF16" }), Float32Array.of(1, 2));
  const data = Float32Array.of(1);
  assertEquals(toFloat32({ shape: [1], data }) === data, true);
});
