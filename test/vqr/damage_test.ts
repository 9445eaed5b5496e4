import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { joinKeys, randomBits } from "../../src/random.ts";
import { ByteWriter } from "../../src/vqr/bytes.ts";
import { type Chunk, readContainer, TILE, writeContainer } from "../../src/vqr/container.ts";
import { crc32c } from "../../src/vqr/crc32c.ts";
import { openVqr } from "../../src/vqr/decode.ts";
import { encodeVqr } from "../../src/vqr/encode.ts";
import type { Header } from "../../src/vqr/header.ts";
import { pixelsHash } from "../../src/vqr/image.ts";
import { makeImage } from "./images.ts";

const small = makeImage({ width: 11, height: 7, channels: 3, frames: 2, bits: 10 });
const metadata = [{ type: "text/plain", bytes: new TextEncoder().encode("left knee") }];
const file = await encodeVqr(small, { tileSize: 8, metadata });

/** Reads everything in a file. */
async function readAll(bytes: Uint8Array) {
  const opened = openVqr(bytes);
  opened.metadata();
  return await opened.decode();
}

Deno.test("every changed byte is detected", async () => {
  for (let at = 0; at < file.length; at++) {
    for (const change of [1, 128, 255]) {
      const bytes = file.slice();
      bytes[at]! ^= change;
      await assertRejects(() => readAll(bytes), DataError, ".vqr");
    }
  }
});

Deno.test("every truncation and every extension is detected", async () => {
  for (let length = 0; length < file.length; length++) {
    await assertRejects(() => readAll(file.slice(0, length)), DataError, ".vqr");
  }
  await assertRejects(() => readAll(Uint8Array.of(...file, 0)), DataError, `expected ${file.length}`);
});

Deno.test("damage in a larger file is detected", async () => {
  const image = makeImage({ width: 200, height: 150, bits: 12 });
  const larger = await encodeVqr(image);
  for (let i = 0; i < 500; i++) {
    const bytes = larger.slice();
    bytes[randomBits(1, i) % bytes.length]! ^= 1 + randomBits(2, i) % 255;
    await assertRejects(() => readAll(bytes), DataError, ".vqr");
  }
});

/** A file with one tile of the given bytes and right checksums. */
async function forge(changes: Partial<Header>, tile: number[], chunks: Chunk[] = []): Promise<Uint8Array> {
  const header: Header = {
    kind: "lossless",
    structure: "direct",
    channels: 1,
    bits: 8,
    signed: false,
    width: 8,
    height: 8,
    frames: 1,
    tileWidth: 8,
    tileHeight: 8,
    maxError: 0,
    ...changes,
  };
  const hash = await pixelsHash(new Uint8Array(64));
  return writeContainer(header, [...chunks, { type: TILE, bytes: Uint8Array.from(tile) }], hash);
}

Deno.test("tiles with right checksums and wrong contents are refused, and any content ends", async () => {
  const refused: [number[], string][] = [
    [[], "ends too early"],
    [[2, 0, 0, 0], "unknown effort"],
    [[0, 3, 0, 0], "unknown effort or transform"],
    [[0, 1, 0, 0], "unknown effort or transform"],
    [[0, 0, 0], "ends too early"],
    [[0, 0, 0, 0, 0], "left over"],
    [[0, 0, 128, 128, 128, 128, 16], "invalid number"],
    [[0, 0, 128, 0], "invalid number"],
    [[0, 0, 0, 255, 255, 255, 127], "exceeds its bits"],
    [[0, 0, 1, 0], "a sample exceeds its bits"],
    [[0, 0, 0, 255, 1, 4], "unknown kind"],
    [[0, 0, 0, 255, 1, 2], "ends too early"],
    [[0, 0, 0, 255, 1, 0, 1, 0], "end too early"],
    [[0, 0, 0, 3, 1, 2, 1, 3], "table of levels"],
    [[0, 0, 0, 3, 1, 1, 5], "table of levels"],
    [[0, 0, 0, 3, 1, 3, 1, 0, 3], "table of levels"],
    [[0, 0, 0, 3, 1, 200, 1], "table of levels"],
    [[0, 0, 0, 3, 3, 0x70], "table of levels"],
    [[0, 0, 0, 3, 3, 0xe0], "table of levels"],
    [[0, 0, 0, 3, 3], "ends too early"],
    [[0, 0, 10, 0], "do not match their hash"],
  ];
  for (const [tile, message] of refused) {
    await assertRejects(async () => await readAll(await forge({}, tile)), DataError, message);
  }
  for (let i = 0; i < 300; i++) {
    const random = Array.from({ length: 40 }, (_, at) => randomBits(joinKeys(3, i), at) & 255);
    for (const start of [[0, 0, 0, 255, 1, 0, 40], [1, 0, 0, 255, 1, 0, 40], []]) {
      await assertRejects(
        async () => await readAll(await forge({}, [...start, ...random])),
        DataError,
        ".vqr",
      );
    }
  }
});

Deno.test("hostile sizes are refused before memory is taken", async () => {
  const side = 1 << 24;
  const huge = { width: side, height: side, tileWidth: 8192, tileHeight: 8192 };
  await assertRejects(
    async () => await readAll(await forge(huge, [0, 0, 0, 0])),
    DataError,
    "too short for 4194304 tiles",
  );
  await assertRejects(
    () => forge({ width: side, height: side, tileWidth: 8193, tileHeight: 8192 }, []),
    DataError,
    "expected at most 67108864",
  );
  // One constant tile of 2²⁶ samples in a few bytes, above the caller's limit.
  const large = await forge({ width: 8192, height: 8192, tileWidth: 8192, tileHeight: 8192 }, [0, 0, 0, 0]);
  await assertRejects(() => openVqr(large, 1 << 20).decode(), DataError, "the limit is 1048576");
  await assertRejects(() => openVqr(large, 1 << 20).decodeTile(0, 0), DataError, "the limit is 1048576");
  // Data of one byte for a large tile end early, instead of after all its samples.
  const short = await forge({ width: 8192, height: 8192, tileWidth: 8192, tileHeight: 8192 }, [
    0,
    0,
    0,
    255,
    1,
    0,
    1,
    7,
  ]);
  await assertRejects(() => openVqr(short).decode(), DataError, "end too early");
});

Deno.test("lengths in headers and tables are checked against the file", () => {
  const bytes = file.slice();
  new DataView(bytes.buffer).setUint32(8, 0xffffffff, true);
  assertThrows(() => openVqr(bytes), DataError, "its header ends too early");
});

Deno.test("unknown optional chunks are skipped and unknown mandatory ones are refused", async () => {
  const { header, tiles, hash } = readContainer(file);
  const chunks = tiles.map(({ offset, length }) => ({
    type: TILE,
    bytes: file.subarray(offset, offset + length),
  }));
  const unknown = Uint8Array.of(1, 2, 3);
  const optional = writeContainer(header, [{ type: 200, bytes: unknown }, ...chunks], hash);
  assertEquals((await readAll(optional)).pixels, small.pixels);
  const mandatory = writeContainer(header, [...chunks, { type: 100, bytes: unknown }], hash);
  assertThrows(() => openVqr(mandatory), DataError, "unknown mandatory chunk 100");
});

Deno.test("other versions, flags and unknown mandatory fields of the header are refused", () => {
  const change = (at: number, value: number) => {
    const bytes = file.slice();
    bytes[at] = value;
    const end = 12 + bytes[8]!;
    new DataView(bytes.buffer).setUint32(end, crc32c(bytes.subarray(0, end)), true);
    return bytes;
  };
  assertThrows(() => openVqr(change(4, 2)), DataError, "version 2");
  assertThrows(() => openVqr(change(6, 1)), DataError, "unknown flags");
  assertThrows(() => openVqr(change(12, 3)), DataError, "unknown kind");
  assertThrows(() => openVqr(change(14, 2)), DataError, "unknown kind or coder");
  const writer = new ByteWriter();
  const body = file.slice(12, 12 + file[8]! - 1);
  writer.bytes(file.slice(0, 8));
  writer.u32(body.length + 5);
  writer.bytes(body);
  writer.varint(1);
  writer.u16(0x8001);
  writer.varint(1);
  writer.u8(7);
  const head = writer.finish();
  writer.u32(crc32c(head));
  assertThrows(() => openVqr(writer.finish()), DataError, "unknown mandatory field 32769");
});

Deno.test("layered and lossy files are refused in words", async () => {
  const layered = await forge({ structure: "layered" }, [0, 0, 0, 0]);
  assertThrows(() => openVqr(layered), DataError, "lossless and layered");
  assert(layered.length > 0);
});
