/**
 * Reads the part of the protobuf wire format that ONNX's test data use:
 * https://protobuf.dev/programming-guides/encoding/
 */

/**
 * A field's number and its value: integers as bigint, four-byte floats as number, everything with a length as bytes.
 */
export interface Field {
  number: number;
  value: bigint | number | Uint8Array<ArrayBuffer>;
}

/**
 * The fields of a message, in its order.
 *
 * @throws {SyntaxError} if the message is cut off or has a field of another wire type
 */
export function readFields(bytes: Uint8Array<ArrayBuffer>): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Field[] = [];
  let position = 0;

  function take(length: number): number {
    const start = position;
    if (start + length > bytes.length) {
      throw new SyntaxError(`Cannot read protobuf: cut off at byte ${bytes.length}`);
    }
    position += length;
    return start;
  }

  function readVarint(): bigint {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = bytes[take(1)]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
    }
  }

  function readValue(wireType: number): Field["value"] {
    if (wireType === 0) return readVarint();
    if (wireType === 5) return view.getFloat32(take(4), true);
    if (wireType !== 2) {
      throw new SyntaxError(`Cannot read protobuf: wire type ${wireType} at byte ${position}`);
    }
    const length = Number(readVarint());
    const start = take(length);
    return bytes.subarray(start, start + length);
  }

  while (position < bytes.length) {
    const tag = Number(readVarint());
    fields.push({ number: tag >> 3, value: readValue(tag & 7) });
  }
  return fields;
}

/** All values of a field that may occur several times. */
export function valuesOf(fields: readonly Field[], number: number): Field["value"][] {
  return fields.filter((field) => field.number === number).map(({ value }) => value);
}

/** The bytes of a field that occurs once; empty if it is absent. */
export function bytesOf(fields: readonly Field[], number: number): Uint8Array<ArrayBuffer> {
  const value = valuesOf(fields, number).at(-1);
  return value instanceof Uint8Array ? value : new Uint8Array();
}

/** The text of a field that occurs once; empty if it is absent. */
export function textOf(fields: readonly Field[], number: number): string {
  return new TextDecoder().decode(bytesOf(fields, number));
}

/** All integers of a field that may occur several times, one value each. */
export function integersOf(fields: readonly Field[], number: number): number[] {
  return valuesOf(fields, number).map(Number);
}
