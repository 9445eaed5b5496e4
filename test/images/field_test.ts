import { assertEquals } from "@std/assert";
import { readWithCompanion } from "../../src/images/companion.ts";
import { decodeImage } from "../../src/images/decode.ts";
import { refused } from "./files.ts";

/** A file in test/data_files/field_images and its right pixels; see test/golden/field_images.py. */
interface FieldImage {
  file: string;
  /** Images, height, width, channels. */
  shape: [number, number, number, number];
  largest: number;
  /** Allowed difference of a sample, in levels. */
  tolerance: number;
  what: string;
}

const folder = new URL("../data_files/field_images/", import.meta.url);
const folderPath = await Deno.realPath(folder);
const lists = await Promise.all(
  ["bitmap.json", "dicom.json", "jpeg.json", "nifti.json", "kept.json"].map((name) =>
    Deno.readTextFile(new URL(name, folder))
  ),
);
const files: FieldImage[] = lists.flatMap((text) => JSON.parse(text));

async function readExpected(file: string): Promise<Uint16Array> {
  const packed = await Deno.readFile(new URL(`${file}.expected.gz`, folder));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint16Array(await new Response(plain).arrayBuffer());
}

for (const { file, shape, largest, tolerance, what } of files) {
  Deno.test(`decodeImage shows ${file}: ${what}`, async () => {
    const { bytes, readCompanion } = await readWithCompanion(folderPath, file);
    const images = await decodeImage(bytes, { readCompanion });
    const [first] = images as [(typeof images)[0]];
    assertEquals([images.length, first.height, first.width, first.channels], shape);
    assertEquals(first.largest, largest);
    const expected = await readExpected(file);
    const size = shape[1] * shape[2] * shape[3];
    images.forEach(({ pixels }, image) => {
      pixels.forEach((value, i) => {
        const right = expected[image * size + i]!;
        if (Math.abs(value - right) > tolerance) {
          throw new Error(`image ${image}, sample ${i} is ${value}, expected ${right}`);
        }
      });
    });
  });
}

Deno.test("turned volumes are those of nibabel's as_closest_canonical, along each axis", async () => {
  const { stored, cases } = JSON.parse(await Deno.readTextFile(new URL("nifti_turned.json", folder)));
  for (const { header, shape, values } of cases) {
    const bytes = new Uint8Array(352 + stored.length);
    bytes.set(Uint8Array.from(header.match(/../g), (byte: string) => Number.parseInt(byte, 16)));
    new DataView(bytes.buffer).setFloat32(108, 352, true);
    bytes.set([0x6e, 0x2b, 0x31, 0], 344);
    bytes.set(stored, 352);
    const [low, high] = [Math.min(...stored), Math.max(...stored)];
    for (const axis of [0, 1, 2] as const) {
      const images = await decodeImage(bytes, { turned: true, axis });
      const [across, up] = [0, 1, 2].filter((other) => other !== axis) as [number, number];
      assertEquals([images.length, images[0]!.width, images[0]!.height], [
        shape[axis],
        shape[across],
        shape[up],
      ]);
      const at = [1, 2, 1];
      const value = values[at[0]! + shape[0] * (at[1]! + shape[1] * at[2]!)];
      const level = images[at[axis]!]!.pixels[(shape[up] - 1 - at[up]!) * shape[across] + at[across]!];
      assertEquals(level, Math.round((value - low) / (high - low) * 255));
    }
  }
});

Deno.test("blank slices are left out if asked, and a volume of nothing else is refused", async () => {
  const bytes = await Deno.readFile(new URL("nifti_u1_little.nii", folder));
  bytes.fill(7, 352 + 42, 352 + 84);
  const images = await decodeImage(bytes, { skipBlank: true });
  assertEquals(images.map(({ frame }) => frame), [0, 2]);
  bytes.fill(7, 352);
  assertEquals(await refused(bytes, { skipBlank: true }), "all of its 3 slices are blank");
  assertEquals((await decodeImage(bytes)).length, 3);
});

Deno.test("a header without its values is refused", async () => {
  const bytes = await Deno.readFile(new URL("pair_analyze.hdr", folder));
  assertEquals(await refused(bytes), "its values are in a separate .img file, which is missing beside it");
});
