/** Reversible transforms of colours, in integers. */

/** Transforms by their number in files. */
export const TRANSFORMS = ["none", "subtract green", "YCoCg-R"] as const;

/** Transforms planes of red, green and blue in place. Further planes stay. */
export function transform(planes: Int32Array[], kind: number): void {
  if (kind === 0) return;
  const [red, green, blue] = planes as [Int32Array, Int32Array, Int32Array];
  for (let i = 0; i < red.length; i++) {
    const r = red[i]!, g = green[i]!, b = blue[i]!;
    if (kind === 1) {
      red[i] = g;
      green[i] = r - g;
      blue[i] = b - g;
    } else {
      const orange = r - b;
      const middle = b + (orange >> 1);
      const greenness = g - middle;
      red[i] = middle + (greenness >> 1);
      green[i] = orange;
      blue[i] = greenness;
    }
  }
}

/** Undoes `transform` in place. */
export function inverseTransform(planes: Int32Array[], kind: number): void {
  if (kind === 0) return;
  const [first, second, third] = planes as [Int32Array, Int32Array, Int32Array];
  for (let i = 0; i < first.length; i++) {
    const a = first[i]!, b = second[i]!, c = third[i]!;
    if (kind === 1) {
      first[i] = b + a;
      second[i] = a;
      third[i] = c + a;
    } else {
      const middle = a - (c >> 1);
      const blue = middle - (b >> 1);
      first[i] = blue + b;
      second[i] = c + middle;
      third[i] = blue;
    }
  }
}

/** The transform with the smallest gradients. */
export function chooseTransform(planes: Int32Array[], width: number): number {
  let best = 0;
  let least = Infinity;
  for (let kind = 0; kind < TRANSFORMS.length; kind++) {
    const copies = planes.slice(0, 3).map((plane) => plane.slice());
    transform(copies, kind);
    const cost = copies.reduce((sum, plane) => sum + gradientBits(plane, width), 0);
    if (cost < least) [best, least] = [kind, cost];
  }
  return best;
}

/** An estimate of the bits of a plane, from its differences to a simple prediction. */
function gradientBits(plane: Int32Array, width: number): number {
  let bits = 0;
  for (let i = width + 1; i < plane.length; i++) {
    const left = plane[i - 1]!, above = plane[i - width]!, corner = plane[i - width - 1]!;
    const guess = Math.max(Math.min(left, above), Math.min(Math.max(left, above), left + above - corner));
    bits += Math.log2(1 + 2 * Math.abs(plane[i]! - guess));
  }
  return bits;
}
