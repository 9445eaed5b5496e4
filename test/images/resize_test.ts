import { assert, assertEquals } from "@std/assert";
import { toGray } from "../../src/images/gray.ts";
import type { RasterImage } from "../../src/images/image.ts";
import { fitSquare, padToSquare, resizeLanczos } from "../../src/images/resize.ts";
import goldens from "../golden/resize.json" with { type: "json" };

interface StoredImage {
  width: number;
  height: number;
  channels: number;
  bits: number;
  pixels: string;
}

function restore({ width, height, channels, bits, pixels }: StoredImage): RasterImage {
  const bytes = Uint8Array.fromBase64(pixels);
  return {
    width,
    height,
    channels: channels as 1 | 3,
    pixels: bits === 8 ? bytes : new Uint16Array(bytes.buffer),
    largest: 2 ** bits - 1,
  };
}

const operations: Record<string, (source: RasterImage, wanted: RasterImage) => RasterImage> = {
  resize: (source, { width, height }) => resizeLanczos(source, width, height),
  fit: (source, { width }) => fitSquare(source, width),
  gray: (source) => toGray(source),
};

Deno.test("resizeLanczos, fitSquare and toGray give Pillow's pixels", () => {
  const sources: Record<string, StoredImage> = goldens.sources;
  for (const golden of goldens.cases) {
    const wanted = restore(golden);
    const found = operations[golden.operation]!(restore(sources[golden.source]!), wanted);
    assertEquals(
      found,
      wanted,
      `${golden.operation} ${golden.source} to ${golden.width} by ${golden.height}`,
    );
  }
  assert(goldens.cases.length > 20);
});

Deno.test("padToSquare centres on black, with an extra line at the bottom or right", () => {
  const wide: RasterImage = {
    width: 4,
    height: 1,
    channels: 1,
    pixels: Uint8Array.of(1, 2, 3, 4),
    largest: 255,
  };
  assertEquals(padToSquare(wide).pixels, Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0));
  const high: RasterImage = {
    width: 1,
    height: 2,
    channels: 3,
    pixels: Uint8Array.of(1, 2, 3, 4, 5, 6),
    largest: 255,
  };
  assertEquals(padToSquare(high).pixels, Uint8Array.of(1, 2, 3, 0, 0, 0, 4, 5, 6, 0, 0, 0));
});

Deno.test("fitSquare keeps at least one line of pixels", () => {
  const line: RasterImage = {
    width: 1000,
    height: 1,
    channels: 1,
    pixels: new Uint8Array(1000).fill(200),
    largest: 255,
  };
  const { width, height, pixels } = fitSquare(line, 5);
  assertEquals([width, height], [5, 5]);
  assertEquals([...pixels], [...new Array(10).fill(0), ...new Array(5).fill(200), ...new Array(10).fill(0)]);
});

Deno.test("resizeLanczos clips to the image's own largest value", () => {
  const pixels = Uint16Array.from({ length: 64 }, (_, index) => index % 8 < 4 ? 0 : 4095);
  const resized = resizeLanczos({ width: 8, height: 8, channels: 1, pixels, largest: 4095 }, 31, 31);
  assertEquals([Math.min(...resized.pixels), Math.max(...resized.pixels)], [0, 4095]);
});
