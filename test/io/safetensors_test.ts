/** The safetensors format: hand-made files, the bytes that are written, and violations of the format. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { type HostTensor, toFloat32 } from "../../src/io/host_tensor.ts";
import { type ByteSource, memorySource } from "../../src/io/byte_source.ts";
import { decodeSafetensors, decodeSafetensorsHeader, encodeSafetensors } from "../../src/io/safetensors.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors_file.ts";
import { described, expected, folder } from "./described.ts";

const directory = Deno.makeTempDirSync();
addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));

const names = ["types.safetensors", "names.safetensors"];

for (const name of names) {
  Deno.test(`readSafetensors: reads the hand-made ${name}`, async () => {
    const { tensors, metadata } = await readSafetensors(folder + name);
    const { tensors: values, metadata: text } = expected[name]!;
    assertEquals(new Map([...tensors].map(([key, tensor]) => [key, described(tensor)])).size, tensors.size);
    assertEquals([...tensors.keys()].toSorted(), Object.keys(values!).toSorted());
    for (const [key, tensor] of tensors) assertEquals(described(tensor), values![key], key);
    assertEquals(metadata, text!);
  });

  Deno.test(`decodeSafetensors: reads the bytes of ${name} in memory like the file`, async () => {
    const bytes = await Deno.readFile(folder + name);
    assertEquals(decodeSafetensors(memorySource(bytes)), await readSafetensors(folder + name));
  });

  Deno.test(`decodeSafetensorsHeader: reads the names and metadata of ${name}, and no data`, async () => {
    const source = memorySource(await Deno.readFile(folder + name));
    let bytes = 0;
    const counting: ByteSource = {
      size: source.size,
      read(offset, length) {
        bytes += length;
        return source.read(offset, length);
      },
    };
    const { tensors, metadata } = decodeSafetensors(source);
    assertEquals(decodeSafetensorsHeader(counting), { names: [...tensors.keys()], metadata });
    const dataBytes = tensors.values().reduce((sum, { data }) => sum + data.byteLength, 0);
    assertEquals(bytes, source.size - dataBytes);
  });

  Deno.test(`writeSafetensors: reproduces ${name} byte for byte, for any order of the tensors`, async () => {
    const { tensors, metadata } = await readSafetensors(folder + name);
    const path = `${directory}/again.safetensors`;
    for (const order of [[...tensors], [...tensors].reverse()]) {
      await writeSafetensors(path, new Map(order), metadata);
      assertEquals(await Deno.readFile(path), await Deno.readFile(folder + name));
    }
  });
}

Deno.test("writeSafetensors: writes a view of a larger array, and a file without tensors", async () => {
  const path = `${directory}/part.safetensors`;
  const all = Float32Array.of(1, 2, 3, 4);
  await writeSafetensors(path, new Map([["part", { shape: [2], data: all.subarray(1, 3) }]]), {});
  assertEquals((await readSafetensors(path)).tensors.get("part"), {
    shape: [2],
    data: Float32Array.of(2, 3),
  });
  await writeSafetensors(path, new Map(), { b: "2", a: "1" });
  assertEquals(
    await new Blob(encodeSafetensors(new Map(), { b: "2", a: "1" })).bytes(),
    await Deno.readFile(path),
  );
  assertEquals(await Deno.readTextFile(path), '(\0\0\0\0\0\0\0{"__metadata__":{"a":"1","b":"2"}}      ');
  assertEquals(await readSafetensors(path), { tensors: new Map(), metadata: { a: "1", b: "2" } });
});

Deno.test("writeSafetensors: refuses data that does not fit its shape, and a missing folder", async () => {
  const tensors = new Map<string, HostTensor>([["a", { shape: [3], data: new Float32Array(2) }]]);
  await assertRejects(
    () => writeSafetensors(`${directory}/wrong.safetensors`, tensors, {}),
    TypeError,
    "[3]",
  );
  tensors.set("a", { shape: [2], data: new Float32Array(2) });
  const missing = `${directory}/none/a.safetensors`;
  await assertRejects(() => writeSafetensors(missing, tensors, {}), DataError, "there is no folder");
});

function file(header: string | Uint8Array, dataSize: number, length?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataSize);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function entry(name: string, dtype: unknown, shape: unknown, offsets: unknown): string {
  return `"${name}":${JSON.stringify({ dtype, shape, data_offsets: offsets })}`;
}

const good = entry("a", "F32", [2], [0, 8]);

const broken: Record<string, [Uint8Array, string]> = {
  "a header longer than the file": [file(`{${good}}`, 8, 1000n), "cut short"],
  "a header beyond the limit": [file(`{${good}}`, 8, 100_000_001n), "is the limit"],
  "a header of 2⁶⁴ − 1 bytes": [file(`{${good}}`, 8, 2n ** 64n - 1n), "is the limit"],
  "a file too short for a header length": [new Uint8Array(5), "cut short"],
  "bad JSON": [file(`{${good}`, 8), "not valid JSON"],
  "bad UTF-8": [file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), 0), "not valid JSON"],
  "a header that is a list": [file("[]", 0), "not a JSON object"],
  "a header that begins with a space": [file(" {}", 0), "not a JSON object"],
  "an unknown dtype": [file(`{${entry("a", "F4", [16], [0, 8])}}`, 8), 'unknown dtype "F4"'],
  "a dtype that names a member of Object.prototype": [
    file(`{${entry("a", "constructor", [8], [0, 8])}}`, 8),
    "unknown dtype",
  ],
  "a shape that needs more bytes": [
    file(`{${entry("a", "F32", [3], [0, 8])}}`, 8),
    "needs 12 bytes, but its data_offsets span 8",
  ],
  "a shape too large for a number": [file(`{${entry("a", "F32", [2 ** 52, 2 ** 52], [0, 8])}}`, 8), "needs"],
  "a negative length": [file(`{${entry("a", "F32", [-2], [0, 8])}}`, 8), "no valid shape"],
  "a fractional length": [file(`{${entry("a", "F32", [1.5], [0, 6])}}`, 6), "no valid shape"],
  "a shape that is text": [file(`{${entry("a", "F32", "2", [0, 8])}}`, 8), "no valid shape"],
  "missing offsets": [file(`{"a":{"dtype":"F32","shape":[2]}}`, 8), "no valid data_offsets"],
  "offsets in reverse": [file(`{${entry("a", "F32", [2], [8, 0])}}`, 8), "span -8"],
  "offsets past the end": [file(`{${good},${entry("b", "F32", [2], [8, 16])}}`, 8), "cut short"],
  "overlapping tensors": [
    file(`{${good},${entry("b", "F32", [2], [4, 12])}}`, 12),
    "begins at byte 4 of the data; expected 8",
  ],
  "a gap": [
    file(`{${good},${entry("b", "F32", [1], [12, 16])}}`, 16),
    "begins at byte 12 of the data; expected 8",
  ],
  "bytes that no tensor uses": [file(`{${good}}`, 9), "9 bytes of data, but its tensors use only 8"],
  "a duplicate name": [file(`{${good},${good}}`, 8), 'has the key "a" twice'],
  "a duplicate name, once escaped": [
    file(`{${good},${good.replace('"a"', '"\\u0061"')}}`, 8),
    'the key "a" twice',
  ],
  "a duplicate key in a tensor": [file(`{${good.replace("{", '{"dtype":"F32",')}}`, 8), 'key "dtype" twice'],
  "a tensor that is null": [file('{"a":null}', 0), "not described by an object"],
  "metadata that is not text": [file('{"__metadata__":{"a":1}}', 0), "not a map of text"],
  "a hundred thousand nested brackets": [file(`{"a":${"[".repeat(100000)}${"]".repeat(100000)}}`, 0), ""],
  "a dtype of a hundred thousand nested brackets": [
    file(`{"a":{"dtype":${"[".repeat(100000)}${"]".repeat(100000)}}}`, 0),
    "",
  ],
  "a name with a line feed": [file(`{${entry("a\\nb", "F33", [2], [0, 8])}}`, 8), "unknown dtype"],
};

for (const [what, [bytes, words]] of Object.entries(broken)) {
  Deno.test(`readSafetensors: refuses ${what}`, async () => {
    const path = `${directory}/broken.safetensors`;
    await Deno.writeFile(path, bytes);
    const error = await assertRejects(() => readSafetensors(path), DataError, `${path}: cannot read: `);
    assertStringIncludes(error.message, words);
    assert(!error.message.includes("\n"));
  });
}

Deno.test("readSafetensors: metadata that is null is the same as none; float8 is read", async () => {
  const path = `${directory}/null.safetensors`;
  const bytes = file(`{"__metadata__":null,${entry("a", "F8_E4M3", [2], [0, 2])}}`, 2);
  bytes.set([0x38, 0xc0], bytes.length - 2);
  await Deno.writeFile(path, bytes);
  const { tensors, metadata } = await readSafetensors(path);
  assertEquals(toFloat32(tensors.get("a")!), Float32Array.of(1, -2));
  assertEquals(metadata, {});
});

Deno.test("readSafetensors: accepts a header that ends in spaces, unaligned data and unknown members", async () => {
  const path = `${directory}/loose.safetensors`;
  const odd = entry("b", "U8", [1], [0, 1]);
  const shifted = entry("a", "F32", [1], [1, 5]).replace("{", '{"extra":[{"a":1},{"a":2}],');
  const bytes = file(`{${shifted},${odd}}   `, 5);
  bytes.set(new Uint8Array(Float32Array.of(2.5).buffer), bytes.length - 4);
  await Deno.writeFile(path, bytes);
  const { tensors, metadata } = await readSafetensors(path);
  assertEquals([...tensors], [["b", { shape: [1], data: new Uint8Array(1) }], [
    "a",
    { shape: [1], data: Float32Array.of(2.5) },
  ]]);
  assertEquals(metadata, {});
});
