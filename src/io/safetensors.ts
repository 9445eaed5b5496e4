/**
 * The safetensors format: named tensors and text metadata in one sequence of bytes.
 *
 * The bytes are the header's length as a 64-bit little-endian integer; the header, a JSON object that may be padded
 * with spaces; and the tensors' elements, little-endian, in row-major order and without gaps. The header maps each
 * name to a dtype, a shape and a range [begin, end) of the data, and `__metadata__` to a map of text to text. (The
 * format's specification is the section "Format" of README.md at github.com/huggingface/safetensors.)
 */

import { DataError } from "../errors.ts";
import type { ByteSource } from "./byte_source.ts";
import {
  bytesPerElement,
  type DType,
  dtypeOf,
  type HostTensor,
  isDType,
  shapeSize,
  tensorOver,
} from "./host_tensor.ts";
import { printable } from "./printable.ts";
import { parseJson } from "./strict_json.ts";

/** The content of a safetensors file. */
export interface TensorFile {
  tensors: Map<string, HostTensor>;
  metadata: Record<string, string>;
}

interface Entry {
  name: string;
  dtype: DType;
  shape: number[];
  begin: number;
  end: number;
}

const metadataKey = "__metadata__";
const lengthSize = 8;
/** In bytes; the reference implementation has the same limit. */
const maxHeader = 100_000_000;

/**
 * Reads tensors and metadata from the bytes of a safetensors file. The tensors come in the order of their data; each
 * has a buffer of its own.
 *
 * @throws {DataError} if the bytes violate the format in any way; the message does not name a file
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memorySource } from "./byte_source.ts";
 *
 * // In a browser, the bytes would come from `fetch`.
 * const tensors = new Map([["bias", { shape: [2], data: Float32Array.of(1, 2) }]]);
 * const bytes = await new Blob(encodeSafetensors(tensors, { format: "pt" })).bytes();
 *
 * const { tensors: decoded, metadata } = decodeSafetensors(memorySource(bytes));
 * assertEquals(decoded, tensors);
 * assertEquals(metadata, { format: "pt" });
 * ```
 */
export function decodeSafetensors(source: ByteSource): TensorFile {
  const { entries, metadata, dataStart } = readHeader(source);
  const tensors = new Map(entries.map(({ name, dtype, shape, begin, end }) => {
    return [name, tensorOver(dtype, shape, source.read(dataStart + begin, end - begin).buffer)];
  }));
  return { tensors, metadata };
}

/**
 * Reads the tensors' names, in the order of their data, and the metadata. The data are not read.
 *
 * @throws {DataError} if the header violates the format or does not fit the number of bytes; the message does not name
 * a file
 */
export function decodeSafetensorsHeader(
  source: ByteSource,
): Pick<TensorFile, "metadata"> & { names: string[] } {
  const { entries, metadata } = readHeader(source);
  return { names: entries.map(({ name }) => name), metadata };
}

/** Whether the source begins like a safetensors file: with a plausible header length and an opening brace. */
export function isSafetensors(source: ByteSource): boolean {
  if (source.size <= lengthSize) return false;
  const start = new DataView(source.read(0, lengthSize + 1).buffer);
  return start.getBigUint64(0, true) <= maxHeader && start.getUint8(lengthSize) === 0x7b;
}

function readHeader(source: ByteSource) {
  const length = headerLength(source);
  const dataStart = lengthSize + length;
  const { entries, metadata } = parseHeader(source.read(lengthSize, length));
  checkCover(entries, source.size - dataStart);
  return { entries, metadata, dataStart };
}

function headerLength(source: ByteSource): number {
  const length = Number(new DataView(source.read(0, lengthSize).buffer).getBigUint64(0, true));
  if (length > maxHeader) {
    throw new DataError(`its header is ${length} bytes long; ${maxHeader} is the limit`);
  }
  if (length > source.size - lengthSize) {
    throw new DataError(
      `the file is cut short: its header is ${length} bytes long, but only ${
        source.size - lengthSize
      } follow`,
    );
  }
  return length;
}

function parseHeader(bytes: Uint8Array): { entries: Entry[]; metadata: Record<string, string> } {
  const header = parseJson(bytes, "its header");
  if (bytes[0] !== 0x7b || !isObject(header)) throw new DataError(`its header is not a JSON object`);
  const { [metadataKey]: given, ...tensors } = header;
  // Some writers spell "no metadata" as null.
  const metadata = given ?? {};
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw new DataError(`its ${metadataKey} is not a map of text to text`);
  }
  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(name, value));
  // Only empty tensors share a `begin` with another; they come before the tensor that begins there.
  entries.sort((first, second) => first.begin - second.begin || first.end - second.end);
  return { entries, metadata: metadata as Record<string, string> };
}

function parseEntry(name: string, value: unknown): Entry {
  const where = `tensor ${printable(JSON.stringify(name))}`;
  if (!isObject(value)) throw new DataError(`${where} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDType(dtype)) {
    throw new DataError(`${where} has the unknown dtype ${printable(JSON.stringify(dtype) ?? "")}`);
  }
  if (!isCounts(shape)) throw new DataError(`${where} has no valid shape`);
  if (!isCounts(offsets) || offsets.length !== 2) throw new DataError(`${where} has no valid data_offsets`);
  const [begin, end] = offsets as [number, number];
  const size = shapeSize(shape) * bytesPerElement(dtype);
  if (end - begin !== size) {
    throw new DataError(
      `${where}, ${dtype} of shape [${printable(String(shape))}], needs ${size} bytes, ` +
        `but its data_offsets span ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Sorted tensors must cover the data without gaps or overlaps, as the reference implementation demands. */
function checkCover(entries: readonly Entry[], dataSize: number): void {
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (end > dataSize) {
      throw new DataError(
        `the file is cut short: tensor ${printable(name)} ends at byte ${end} of the data, ` +
          `which has only ${dataSize}`,
      );
    }
    if (begin !== covered) {
      throw new DataError(
        `tensor ${printable(name)} begins at byte ${begin} of the data; expected ${covered}`,
      );
    }
    covered = end;
  }
  if (covered !== dataSize) {
    throw new DataError(`it has ${dataSize} bytes of data, but its tensors use only ${covered}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

/** The reference implementation's order of element types, widest first, which keeps every tensor aligned. */
const writingOrder: DType[] =
  "U64 I64 F64 F32 U32 I32 BF16 F16 U16 I16 I8 F8_E4M3 F8_E5M2 F8_E4M3FNUZ F8_E5M2FNUZ U8 BOOL".split(
    " ",
  ) as DType[];

/**
 * The bytes of a safetensors file, in chunks to be written one after another. Equal tensors and metadata give equal
 * bytes, whatever their order: tensors are sorted by element type, then by name, and metadata by key. The chunks of
 * tensors share the tensors' memory.
 *
 * @throws {TypeError} if a tensor's data does not fit its shape, or a tensor is called `__metadata__`
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer>[] {
  const sorted = [...tensors].sort(([firstName, first], [secondName, second]) => {
    const byType = writingOrder.indexOf(dtypeOf(first)) - writingOrder.indexOf(dtypeOf(second));
    return byType || compareText(firstName, secondName);
  });
  const header = new TextEncoder().encode(headerText(sorted, metadata));
  const padding = new Uint8Array((8 - header.length % 8) % 8).fill(0x20);
  const length = new DataView(new ArrayBuffer(lengthSize));
  length.setBigUint64(0, BigInt(header.length + padding.length), true);
  const data = sorted.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return [new Uint8Array(length.buffer), header, padding, ...data];
}

/** The header is assembled as text, because a JavaScript object would move keys like "1" to the front. */
function headerText(tensors: [string, HostTensor][], metadata: Readonly<Record<string, string>>): string {
  const members: string[] = [];
  if (Object.keys(metadata).length > 0) {
    const items = Object.entries(metadata).sort(([first], [second]) => compareText(first, second));
    members.push(
      jsonMember(metadataKey, `{${items.map(([key, value]) => jsonMember(key, JSON.stringify(value)))}}`),
    );
  }
  let begin = 0;
  for (const [name, tensor] of tensors) {
    const { shape, data } = tensor;
    if (name === metadataKey || shapeSize(shape) !== data.length) {
      throw new TypeError(`tensor ${name} cannot be written: shape [${shape}], ${data.length} elements`);
    }
    const end = begin + data.byteLength;
    members.push(
      jsonMember(name, JSON.stringify({ dtype: dtypeOf(tensor), shape, data_offsets: [begin, end] })),
    );
    begin = end;
  }
  return `{${members}}`;
}

function jsonMember(key: string, json: string): string {
  return `${JSON.stringify(key)}:${json}`;
}

function compareText(first: string, second: string): number {
  return first < second ? -1 : first > second ? 1 : 0;
}
