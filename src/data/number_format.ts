/** The exact format of a dataset's numbers, which may differ from the usual one of the same size. */

import type { Hdf5Handle } from "./hdf5_library.ts";
import { FileBytes, findMessage, messageTypes, unsigned } from "./object_header.ts";

/** Where a number's bits are in its bytes, which are read as one little-endian number. */
export type NumberFormat = IntegerFormat | FloatFormat;

interface IntegerFormat {
  kind: "integer";
  bytes: number;
  /** Position of the lowest bit. */
  offset: number;
  /** Number of bits. */
  precision: number;
  isSigned: boolean;
}

interface FloatFormat {
  kind: "float";
  bytes: number;
  offset: number;
  precision: number;
  sign: number;
  exponent: { position: number; bits: number; bias: number };
  mantissa: { position: number; bits: number };
}

/** Sign, exponent and mantissa of the formats of IEEE 754, by bytes. */
const ieeeFloats: Record<number, [sign: number, exponent: number, mantissa: number, bias: number]> = {
  2: [15, 5, 10, 15],
  4: [31, 8, 23, 127],
  8: [63, 11, 52, 1023],
};

const classes = { integer: 0, float: 1, enumeration: 8 };
const impliedBit = 2;
/** A committed type is stored in an object of its own. */
const committed = 2;

/**
 * Reads the format of a dataset's numbers from its header ("The Datatype Message").
 *
 * @throws {RangeError} if the header is not valid, or the format is not one of integers or floats of up to eight bytes
 */
export function readNumberFormat({ path, library, id, start }: Hdf5Handle, name: string): NumberFormat {
  using file = Deno.openSync(path);
  const bytes = new FileBytes(file, start, file.statSync().size);
  const message = findMessage(bytes, headerAddress({ library, id }, name), messageTypes.dataType);
  if (!message) throw new RangeError("no data type");
  return parseType(message.isShared ? committedType(bytes, message.body) : message.body);
}

/** The address of an object's header: a reference to an object is that address. */
export function headerAddress({ library, id }: Pick<Hdf5Handle, "library" | "id">, name: string): number {
  const reference = library.create_object_reference(id, `/${name}`);
  return Number(new DataView(Uint8Array.from(reference).buffer).getBigUint64(0, true));
}

function committedType(bytes: FileBytes, shared: DataView): DataView {
  const [version, type] = [shared.getUint8(0), shared.getUint8(1)];
  if (version === 3 && type !== committed) throw new RangeError("a type in the shared heap");
  const address = unsigned(shared, version === 1 ? 8 : 2, bytes.sizes().addressBytes);
  const message = findMessage(bytes, address, messageTypes.dataType);
  if (!message || message.isShared) throw new RangeError("no committed data type");
  return message.body;
}

function parseType(body: DataView): NumberFormat {
  const type = body.getUint8(0) & 15;
  // The type of an enumeration's numbers follows its own eight bytes.
  if (type === classes.enumeration) {
    return parseType(new DataView(body.buffer, body.byteOffset + 8, body.byteLength - 8));
  }
  const flags = unsigned(body, 1, 3);
  const bytes = body.getUint32(4, true);
  const isMixedOrder = type === classes.float && (flags & 0x40) !== 0;
  if (bytes > 8 || isMixedOrder) throw new RangeError(`a number of ${bytes} bytes`);
  const [offset, precision] = [body.getUint16(8, true), body.getUint16(10, true)];
  if (precision === 0 || offset + precision > 8 * bytes) throw new RangeError("bits outside the number");
  if (type === classes.integer) {
    return { kind: "integer", bytes, offset, precision, isSigned: (flags & 8) !== 0 };
  }
  if (type !== classes.float || (flags >> 4 & 3) !== impliedBit) throw new RangeError(`type class ${type}`);
  const [exponentAt, exponentBits, mantissaAt, mantissaBits] = [12, 13, 14, 15].map((at) =>
    body.getUint8(at)
  );
  return {
    kind: "float",
    bytes,
    offset,
    precision,
    sign: flags >> 8 & 255,
    exponent: { position: exponentAt!, bits: exponentBits!, bias: body.getUint32(16, true) },
    mantissa: { position: mantissaAt!, bits: mantissaBits! },
  };
}

/** Whether numbers of this format are JavaScript's own numbers of the same size. */
export function isUsual(format: NumberFormat): boolean {
  const { bytes, offset, precision } = format;
  if (offset !== 0 || precision !== 8 * bytes || ![1, 2, 4, 8].includes(bytes)) return false;
  if (format.kind === "integer") return true;
  const ieee = ieeeFloats[bytes];
  if (!ieee) return false;
  const [sign, exponentBits, mantissaBits, bias] = ieee;
  const { exponent, mantissa } = format;
  return format.sign === sign && exponent.position === mantissaBits && exponent.bits === exponentBits &&
    exponent.bias === bias && mantissa.position === 0 && mantissa.bits === mantissaBits;
}

/** The smallest usual size, in bytes, that holds all numbers of this format. */
export function usualBytes(format: NumberFormat): 1 | 2 | 4 | 8 {
  if (format.kind === "float") return format.exponent.bits <= 8 && format.mantissa.bits <= 23 ? 4 : 8;
  return format.bytes === 1 ? 1 : format.bytes === 2 ? 2 : format.bytes <= 4 ? 4 : 8;
}

/**
 * The value of one number, converted as the HDF5 library does: shifted down, without the bits around it, and with its
 * sign.
 */
export function decodeNumber(bits: bigint, format: NumberFormat): number | bigint {
  if (format.kind === "integer") {
    const { offset, precision, isSigned } = format;
    const shifted = bits >> BigInt(offset);
    return isSigned ? BigInt.asIntN(precision, shifted) : BigInt.asUintN(precision, shifted);
  }
  const { exponent, mantissa } = format;
  const field = (position: number, length: number) =>
    Number(BigInt.asUintN(length, bits >> BigInt(position)));
  const sign = field(format.sign, 1) === 1 ? -1 : 1;
  const power = field(exponent.position, exponent.bits);
  const fraction = field(mantissa.position, mantissa.bits) / 2 ** mantissa.bits;
  if (power === 2 ** exponent.bits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return power === 0
    ? sign * fraction * 2 ** (1 - exponent.bias)
    : sign * (1 + fraction) * 2 ** (power - exponent.bias);
}

/**
 * Decodes numbers of up to eight bytes each, in little-endian order, into `result`. Numbers of up to two bytes, of
 * which there are few different ones, are looked up.
 */
export function decodeNumbers(
  stored: Uint8Array,
  format: NumberFormat,
  result: { [index: number]: number | bigint; readonly length: number },
): void {
  const { bytes } = format;
  const table = new Map<number, number | bigint>();
  const isWide = result instanceof BigInt64Array || result instanceof BigUint64Array;
  for (let index = 0; index < result.length; index++) {
    let low = 0;
    for (let byte = Math.min(bytes, 4) - 1; byte >= 0; byte--) {
      low = low * 256 + stored[index * bytes + byte]!;
    }
    let high = 0;
    for (let byte = bytes - 1; byte >= 4; byte--) high = high * 256 + stored[index * bytes + byte]!;
    let value = bytes <= 2 ? table.get(low) : undefined;
    if (value === undefined) {
      const decoded = decodeNumber(BigInt(high) << 32n | BigInt(low), format);
      value = isWide ? decoded : Number(decoded);
      if (bytes <= 2) table.set(low, value);
    }
    result[index] = value;
  }
}
