/** Pictures of whole numbers that test/golden/quality.py makes too, so that none need be stored. */

import { keyOf, randomBits } from "../../src/random.ts";

/** One pair of pictures, and what scikit-image says of it; PSNR is null where they are equal. */
export interface QualityGolden {
  name: string;
  height: number;
  width: number;
  change: string;
  ssim: number;
  contrast: number;
  ms_ssim: number;
  scales: number;
  absolute_error: number;
  psnr: number | null;
}

/** A picture after scikit-image's swirl: sums of its rows and columns. */
export interface SwirlGolden {
  name: string;
  height: number;
  width: number;
  strength: number;
  radius: number;
  rows: number[];
  columns: number[];
}

export async function readQualityGoldens(): Promise<{ pictures: QualityGolden[]; swirls: SwirlGolden[] }> {
  return JSON.parse(await Deno.readTextFile(new URL("../golden/quality.json", import.meta.url)));
}

function noise(name: string, count: number, amplitude: number): Int32Array {
  const key = keyOf(name);
  return Int32Array.from(
    { length: count },
    (_, index) => randomBits(key, index) % (2 * amplitude + 1) - amplitude,
  );
}

function triangle(value: number): number {
  return Math.abs(value % 510 - 255);
}

/** Crossing waves with a little noise. */
export function makePicture(name: string, height: number, width: number): Uint8ClampedArray {
  const grain = noise(name, height * width, 6);
  return Uint8ClampedArray.from(grain, (value, index) => {
    const [y, x] = [Math.floor(index / width), index % width];
    const waves = triangle(9 * x + 5 * y) + triangle(Math.floor(3 * x * x / 16) - 7 * y + 5100) +
      triangle(Math.floor(2 * y * y / 8) + x);
    return Math.floor(waves / 3) + value;
  });
}

/** The picture of a case and its changed version. */
export function makePair(
  { name, height, width, change }: Pick<QualityGolden, "name" | "height" | "width" | "change">,
): [Uint8ClampedArray, Uint8ClampedArray] {
  const first = makePicture(name, height, width);
  const changes: Record<string, (value: number, index: number) => number> = {
    noise: plus(noise(`${name}.change`, first.length, 40)),
    faint: plus(noise(`${name}.change`, first.length, 1)),
    blocks: (value) => Math.floor(value / 32) * 32 + 16,
    inverse: (value) => 255 - value,
    darker: (value) => Math.floor(value / 2),
    equal: (value) => value,
    flat: () => 100,
  };
  return [first, first.map(changes[change]!)];
}

function plus(values: Int32Array) {
  return (value: number, index: number) => value + values[index]!;
}
