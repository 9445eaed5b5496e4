/** Converts between big-endian and little-endian numbers. */

/**
 * Reverses the bytes of each number, in place.
 *
 * @param bytes the numbers; its offset in its buffer is a multiple of eight
 * @param elementBytes bytes of a number: 1, 2, 4 or 8
 */
export function swapBytes(bytes: Uint8Array, elementBytes: number): void {
  const { buffer, byteOffset, length } = bytes;
  if (elementBytes === 2) {
    const numbers = new Uint16Array(buffer, byteOffset, length / 2);
    for (let index = 0; index < numbers.length; index++) {
      const number = numbers[index]!;
      numbers[index] = number << 8 | number >>> 8;
    }
  } else if (elementBytes >= 4) {
    const halves = new Uint32Array(buffer, byteOffset, length / 4);
    for (let index = 0; index < halves.length; index++) halves[index] = swap32(halves[index]!);
    if (elementBytes === 8) swapHalves(halves);
  }
}

function swap32(number: number): number {
  const pairs = (number & 0x00ff00ff) << 8 | number >>> 8 & 0x00ff00ff;
  return pairs << 16 | pairs >>> 16;
}

function swapHalves(halves: Uint32Array): void {
  for (let index = 0; index < halves.length; index += 2) {
    const first = halves[index]!;
    halves[index] = halves[index + 1]!;
    halves[index + 1] = first;
  }
}
