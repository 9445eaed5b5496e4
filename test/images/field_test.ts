import { assertEquals } from "@std/assert";
import { decodeImage } from "../../src/images/decode.ts";

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
const files: FieldImage[] = JSON.parse(await Deno.readTextFile(new URL("index.json", folder)));

async function readExpected(file: string): Promise<Uint16Array> {
  const packed = await Deno.readFile(new URL(`${file}.expected.gz`, folder));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint16Array(await new Response(plain).arrayBuffer());
}

for (const { file, shape, largest, tolerance, what } of files) {
  Deno.test(`decodeImage shows ${file}: ${what}`, async () => {
    const images = await decodeImage(await Deno.readFile(new URL(file, folder)));
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
