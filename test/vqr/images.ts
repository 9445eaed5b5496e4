/** Images for the tests of the compressed format. */

import { joinKeys, keyOf, randomUniform } from "../../src/random.ts";
import { makePixels, sampleRange, type VqrImage } from "../../src/vqr/image.ts";

type Size = Pick<VqrImage, "width" | "height"> & Partial<Omit<VqrImage, "pixels">>;

/** A smooth image with noise: `noise` is its amplitude as a part of the range. */
export function makeImage(size: Size, noise = 0.02, seed = 1): VqrImage {
  const shape = { channels: 1, bits: 8, signed: false, frames: 1, ...size };
  const { width, height, channels, frames, bits, signed } = shape;
  const pixels = makePixels(width * height * channels * frames, bits, signed);
  const [least, most] = sampleRange(bits, signed);
  const key = joinKeys(seed, keyOf("image"));
  for (let i = 0; i < pixels.length; i++) {
    const channel = i % channels, x = Math.floor(i / channels) % width, y = Math.floor(i / channels / width);
    const wave = 0.5 + 0.3 * Math.sin(x / 7 + channel) + 0.2 * Math.cos(y / 5 + x / 11);
    const value = wave + noise * (randomUniform(key, i) - 0.5);
    pixels[i] = Math.max(least, Math.min(most, Math.floor(least + value * (most - least + 1))));
  }
  return { ...shape, pixels };
}
