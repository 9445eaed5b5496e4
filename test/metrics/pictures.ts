/** Synthetic pictures. test/golden/quality.py makes the same ones, so that none need to be stored. */

import { keyOf, randomBits } from "../../src/random.ts";

/** A pair of pictures and scikit-image's measures of it. PSNR is null if the pictures are equal. */
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

/** The sums of the rows and columns of a picture after scikit-image's swirl. */
export interface SwirlGolden {
  name: string;
  height: number;
  width: number;
  strength: number;
  radius: number;
  rows: number[];
  columns: number[];
}

/** The content of test/golden/quality.json. */
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

/** A picture of crossing waves with a little noise, [height, width]. */
export function makePicture(name: string, height: number, width: number): Uint8ClampedArray {
  const grain = noise(name, height * width, 6);
  return Uint8ClampedArray.from(grain, (value, index) => {
    const [y, x] = [Math.floor(index / width), index % width];
    const waves = triangle(9 * x + 5 * y) + triangle(Math.floor(3 * x * x / 16) - 7 * y + 5100) +
      triangle(Math.floor(2 * y * y / 8) + x);
    return Math.floor(waves / 3) + value;
  });
}

/** The picture of a case, and its changed version. */
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
