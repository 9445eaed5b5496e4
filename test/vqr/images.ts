/** Images for the tests of the compressed format. */

import { joinKeys, keyOf, randomUniform } from "../../src/random.ts";
import type { EncodeOptions } from "../../src/vqr/encode.ts";
import { makePixels, sampleRange, type VqrImage } from "../../src/vqr/image.ts";

type Size = Pick<VqrImage, "width" | "height"> & Partial<Omit<VqrImage, "pixels">>;

/** Falls from 1 to 0 and rises again, with a period of 1. */
function triangle(t: number): number {
  return Math.abs(2 * (t - Math.floor(t)) - 1);
}

/** A smooth image with noise: `noise` is its amplitude as a part of the range. 1 is noise alone. */
export function makeImage(size: Size, noise = 0.02, seed = 1): VqrImage {
  const shape = { channels: 1, bits: 8, signed: false, frames: 1, ...size };
  const { width, height, channels, frames, bits, signed } = shape;
  const pixels = makePixels(width * height * channels * frames, bits, signed);
  const [least, most] = sampleRange(bits, signed);
  const key = joinKeys(seed, keyOf("image"));
  for (let i = 0; i < pixels.length; i++) {
    const channel = i % channels, x = Math.floor(i / channels) % width, y = Math.floor(i / channels / width);
    // Triangles, since not every machine computes the same sine.
    const wave = 0.1 + 0.5 * triangle((x + 3 * channel) / 40) + 0.3 * triangle(y / 30 + x / 70);
    const random = randomUniform(key, i);
    const value = noise === 1 ? random : wave + noise * (random - 0.5);
    pixels[i] = Math.max(least, Math.min(most, Math.floor(least + value * (most - least + 1))));
  }
  return { ...shape, pixels };
}

/** The images of the golden files, with their names and how they are encoded. */
export function goldenImages(): [string, VqrImage, EncodeOptions][] {
  const gray8 = makeImage({ width: 40, height: 30 });
  const noise16 = makeImage({ width: 24, height: 20, bits: 16, signed: true }, 0.01);
  const colour = makeImage({ width: 21, height: 19, channels: 3 }, 0.1);
  const sparse = makeImage({ width: 40, height: 40, bits: 7 });
  const packed = { ...sparse, bits: 12, pixels: Uint16Array.from(sparse.pixels, (value) => value * 30 + 1) };
  // One of every two levels.
  const halved = makeImage({ width: 90, height: 70, channels: 2, bits: 9 });
  const uneven = {
    ...halved,
    bits: 10,
    pixels: halved.pixels.map((value) => 2 * value + (value * 37 >> 3 & 1)),
  };
  return [
    ["gray8_fast", gray8, { effort: "fast" }],
    ["gray8_best", gray8, { effort: "best" }],
    ["gray8_bounded2_best", gray8, { effort: "best", maxError: 2 }],
    ["gray12_tiles_frames_best", makeImage({ width: 19, height: 17, bits: 12, frames: 2 }), {
      effort: "best",
      tileSize: 12,
    }],
    ["signed16_noise_best", noise16, { effort: "best" }],
    ["signed16_noise_bounded9_fast", noise16, { effort: "fast", maxError: 9 }],
    ["raw16", makeImage({ width: 9, height: 7, bits: 16 }, 1), {}],
    ["rgb8_fast", colour, { effort: "fast" }],
    ["rgb8_best", colour, { effort: "best" }],
    ["rgba10_best", makeImage({ width: 13, height: 11, channels: 4, bits: 10 }), { effort: "best" }],
    ["packed12_best", packed, { effort: "best" }],
    ["packed_map10_alpha_fast", uneven as VqrImage, { effort: "fast" }],
    ["one_pixel", makeImage({ width: 1, height: 1, bits: 10, signed: true }), {}],
  ];
}
