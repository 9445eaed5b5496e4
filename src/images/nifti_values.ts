/** Reads the values of NIfTI and Analyze files. */

/** The types of values. */
export type ValueType =
  | "Uint8"
  | "Int8"
  | "Uint16"
  | "Int16"
  | "Uint32"
  | "Int32"
  | "BigUint64"
  | "BigInt64"
  | "Float32"
  | "Float64";

/** The types of values by the header's numbers for them (nifti1.h). */
export const valueTypes: Record<number, { type: ValueType; bytes: number; components?: 3 | 4 }> = {
  2: { type: "Uint8", bytes: 1 },
  4: { type: "Int16", bytes: 2 },
  8: { type: "Int32", bytes: 4 },
  16: { type: "Float32", bytes: 4 },
  64: { type: "Float64", bytes: 8 },
  128: { type: "Uint8", bytes: 1, components: 3 },
  256: { type: "Int8", bytes: 1 },
  512: { type: "Uint16", bytes: 2 },
  768: { type: "Uint32", bytes: 4 },
  1024: { type: "BigInt64", bytes: 8 },
  1280: { type: "BigUint64", bytes: 8 },
  2304: { type: "Uint8", bytes: 1, components: 4 },
};

/** Where values are, and what they mean. */
export interface ValueLayout {
  /** Position of the first value, in bytes. */
  offset: number;
  /** Bytes per value. */
  bytes: number;
  type: ValueType;
  littleEndian: boolean;
  slope: number;
  intercept: number;
}

/** Returns a function that reads a volume's value by its index, with slope and intercept applied. */
export function valueReader(content: Uint8Array, layout: ValueLayout): (index: number) => number {
  const { offset, bytes, type, littleEndian, slope, intercept } = layout;
  const view = new DataView(content.buffer, content.byteOffset + offset, content.byteLength - offset);
  if (type === "BigInt64" || type === "BigUint64") {
    const read = view[`get${type}`].bind(view);
    return (index) => Number(read(index * bytes, littleEndian)) * slope + intercept;
  }
  const read = view[`get${type}`].bind(view);
  return (index) => read(index * bytes, littleEndian) * slope + intercept;
}
