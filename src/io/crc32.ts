/** CRC-32, the checksum of ZIP archives. */

/** The reversed polynomial of ISO 3309, which APPNOTE.TXT 4.4.7 names. */
const polynomial = 0xedb88320;

/** Table k has, for each byte, the effect that it has on the checksum k bytes later. */
const tables = makeTables(8);

function makeTables(count: number): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value;
  });
  const all = [first];
  while (all.length < count) {
    all.push(all.at(-1)!.map((value) => (value >>> 8) ^ first[value & 255]!));
  }
  return all;
}

/**
 * The CRC-32 of some bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
 * ```
 */
export function crc32(bytes: Uint8Array<ArrayBuffer>): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = 0xffffffff;
  let at = 0;
  // Eight bytes in each turn.
  for (; at + 8 <= bytes.length; at += 8) {
    const low = view.getUint32(at, true) ^ sum;
    const high = view.getUint32(at + 4, true);
    sum = t7[low & 255]! ^ t6[(low >>> 8) & 255]! ^ t5[(low >>> 16) & 255]! ^ t4[low >>> 24]! ^
      t3[high & 255]! ^ t2[(high >>> 8) & 255]! ^ t1[(high >>> 16) & 255]! ^ t0[high >>> 24]!;
  }
  for (; at < bytes.length; at++) sum = (sum >>> 8) ^ t0[(sum ^ bytes[at]!) & 255]!;
  return (sum ^ 0xffffffff) >>> 0;
}
