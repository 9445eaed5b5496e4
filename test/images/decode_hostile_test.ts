import { assert, assertEquals, assertMatch } from "@std/assert";
import { constants, crc32, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { decodeImage } from "../../src/images/decode.ts";
import { concatenate, imageFiles, readImageFile, refused } from "./files.ts";
import { fuzz } from "./fuzz.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const join = (...parts: Uint8Array[]) => concatenate(parts) as Uint8Array<ArrayBuffer>;

/** The duration of `action` in milliseconds. */
async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(bytesOf(type), 4);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)));
  return bytes;
}

/** An 8-bit gray PNG file that claims a size and holds `compressed` as its rows. */
function pngOf(width: number, height: number, compressed: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  const signature = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return join(signature, chunk("IHDR", header), chunk("IDAT", compressed), chunk("IEND", new Uint8Array()));
}

/** A data element in explicit little endian, with up to 65,535 bytes. */
function element(group: number, number: number, kind: string, value: Uint8Array): Uint8Array {
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint16(0, group, true);
  view.setUint16(2, number, true);
  head.set(bytesOf(kind), 4);
  view.setUint16(6, value.length, true);
  return join(head, value);
}

/** The start of a DICOM file with this transfer syntax. */
function dicomStart(syntax: string): Uint8Array {
  const uid = bytesOf(syntax.length % 2 ? `${syntax}\0` : syntax);
  return join(new Uint8Array(128), bytesOf("DICM"), element(2, 0x10, "UI", uid));
}

/** Replaces the number of a data element, everywhere that the element occurs. */
function patchUint16(bytes: Uint8Array<ArrayBuffer>, group: number, number: number, value: number): void {
  const view = new DataView(bytes.buffer);
  let found = 0;
  for (let at = 132; at + 10 <= bytes.length; at++) {
    if (view.getUint16(at, true) !== group || view.getUint16(at + 2, true) !== number) continue;
    if (String.fromCharCode(bytes[at + 4]!, bytes[at + 5]!) !== "US") continue;
    view.setUint16(at + 8, value, true);
    found++;
  }
  assert(found > 0);
}

Deno.test("decodeImage refuses other files and empty ones", async () => {
  assertEquals(await refused(new Uint8Array()), "it is empty");
  assertMatch(
    await refused(bytesOf("no image, whatever its name says")),
    /not a PNG, JPEG, DICOM, NIfTI, WebP or BMP/,
  );
  assertMatch(await refused(gzipSync(bytesOf("a text"))), /not a NIfTI volume/);
  for (
    const start of [[0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10], [0xff, 0xd8, 0xff], [0x1f, 0x8b], [
      0x5c,
      1,
      0,
      0,
    ]]
  ) {
    await refused(new Uint8Array(start));
    await refused(join(new Uint8Array(start), new Uint8Array(1000).fill(0x47)));
  }
});

Deno.test("a file without its last quarter is refused, unless its format allows that", async () => {
  for (const file of imageFiles()) {
    const bytes = await readImageFile(file);
    // JPEG 2000 may be cut anywhere; the image is then complete but coarser.
    if (!file.includes("jpeg_2000")) await refused(bytes.slice(0, bytes.length * 3 >> 2));
  }
});

Deno.test("an image that claims 60,000 × 60,000 pixels is refused in milliseconds", async () => {
  const png = pngOf(60_000, 60_000, deflateSync(new Uint8Array(100)));
  const jpeg = await readImageFile("jpeg_444.jpg");
  const frame = jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xc0);
  jpeg.set([60_000 >> 8, 60_000 & 255, 60_000 >> 8, 60_000 & 255], frame + 5);
  const dicom = await readImageFile("dicom_12_bit_jpeg_ls.dcm");
  for (const number of [0x10, 0x11]) patchUint16(dicom, 0x28, number, 60_000);
  const nifti = await readImageFile("nifti_uint8.nii");
  for (const at of [42, 44]) new DataView(nifti.buffer).setInt16(at, 30_000, true);
  for (const bytes of [png, jpeg, dicom, nifti]) {
    const milliseconds = await timed(async () => assertMatch(await refused(bytes), /^it claims (6|3)0000×/));
    assert(milliseconds < 200, `${milliseconds} ms`);
  }
});

Deno.test("a compressed frame of another size than the data set states is refused before decoding", async () => {
  for (const file of ["jpeg_ls", "jpeg_2000", "jpeg_lossless"]) {
    const bytes = await readImageFile(`dicom_12_bit_${file}.dcm`);
    patchUint16(bytes, 0x28, 0x10, 60);
    assertMatch(await refused(bytes), /image is 71×61×1 with \d+ bits, expected 71×60×1/);
  }
});

Deno.test("compressed data is not decompressed beyond the image's size", async () => {
  const { png, volume, far, dicom } = await compressedBombs();
  // To decompress all of it takes minutes and more memory than any machine has.
  const milliseconds = await timed(async () => {
    assertMatch(await refused(png), /cannot be decompressed/);
    assertMatch(await refused(far), /start at byte 1073741824/);
    assertEquals((await decodeImage(volume)).length, 5);
    await refused(dicom, { maxPixels: 1000 });
  });
  assert(milliseconds < 10_000, `${milliseconds} ms`);
});

/** Files of 16 megabytes that decompress to 16 gigabytes. */
async function compressedBombs() {
  // Blocks that end at a byte boundary, so that they can be joined.
  const deflate = (bytes: Uint8Array) => deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  const zeros = deflate(new Uint8Array(2 ** 24));
  const compressed = join(...Array.from({ length: 1024 }, () => zeros));
  const gzip = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  const header = (await readImageFile("nifti_uint8.nii")).slice(0, 352);
  const volume = join(gzip, deflate(header), compressed);
  new DataView(header.buffer).setFloat32(108, 2 ** 30, true);
  const far = join(gzip, deflate(header), compressed);
  const png = pngOf(9, 9, join(new Uint8Array([0x78, 0x9c]), compressed));
  return { png, volume, far, dicom: join(dicomStart("1.2.840.10008.1.2.1.99"), compressed) };
}

Deno.test("sequences that are nested without an end are refused", async () => {
  const open = new Uint8Array([
    8,
    0,
    0x15,
    0x11,
    0x53,
    0x51,
    0,
    0,
    255,
    255,
    255,
    255,
    0xfe,
    0xff,
    0,
    0xe0,
    255,
    255,
    255,
    255,
  ]);
  const nested = join(dicomStart("1.2.840.10008.1.2.1"), ...Array.from({ length: 30_000 }, () => open));
  const milliseconds = await timed(() => refused(nested));
  assert(milliseconds < 5000, `${milliseconds} ms`);
  const frames = await readImageFile("dicom_frames.dcm");
  const at = frames.findIndex((_, i) => frames[i] === 0x28 && frames[i + 2] === 8 && frames[i + 4] === 0x49);
  frames[at + 8] = "-".charCodeAt(0);
  await refused(frames);
});

Deno.test("an image with a thousand scans is refused before the first is decoded", async () => {
  const jpeg = await readImageFile("jpeg_gray_progressive.jpg");
  const scan = jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xda);
  const more = Array.from({ length: 1000 }, () => jpeg.slice(scan, scan + 10));
  const many = join(jpeg.slice(0, scan), ...more, jpeg.slice(scan));
  assertMatch(await refused(many), /scans; the limit is 100/);
});

Deno.test("a codec that fails is loaded anew, so that the next image is right", async () => {
  for (const file of ["jpeg_420.jpg", "dicom_12_bit_jpeg_ls.dcm", "dicom_12_bit_jpeg_2000.dcm"]) {
    const bytes = await readImageFile(file);
    const broken = bytes.slice();
    broken.fill(0xa5, bytes.length >> 1, bytes.length - 200);
    const [expected] = await decodeImage(bytes);
    const both = await Promise.allSettled([decodeImage(broken), decodeImage(bytes), decodeImage(broken)]);
    assertEquals(both[1]!.status, "fulfilled");
    assertEquals(await decodeImage(bytes), [expected!]);
  }
});

Deno.test("a message cannot control the terminal", async () => {
  const bytes = await readImageFile("dicom_8_bit.dcm");
  const at = new TextDecoder("latin1").decode(bytes).indexOf("MONOCHROME2");
  bytes.set(bytesOf("\x1b[2Jgray\nnew"), at);
  assertMatch(await refused(bytes), /^its pixels are \?\[2Jgray\?/);
});

Deno.test("damaged copies of each file are decoded or refused, in time", async () => {
  for (const file of imageFiles()) {
    const { decoded, refused } = await fuzz(file, 8);
    assertEquals(decoded + refused, 8);
  }
});
