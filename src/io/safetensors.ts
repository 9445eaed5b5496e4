import { DataError } from "../errors.ts";
import { writeFileAtomic } from "./atomic.ts";
import { printable } from "./file_error.ts";
import { type ByteSource, readingFile } from "./file_source.ts";
import { bytesPerElement, type DType, dtypeOf, elementCount, isDType, tensorOver } from "./host_tensor.ts";
import type { HostTensor } from "./host_tensor.ts";
import { parseJson } from "./strict_json.ts";

/**
 * The safetensors format (github.com/huggingface/safetensors, README.md, "Format"): the header's length as a
 * 64-bit little-endian integer; the header, JSON that begins with "{" and may end in spaces; the tensors'
 * bytes, little-endian and row-major, without gaps. The header maps each name to its dtype, shape and [begin,
 * end) in the data, and `__metadata__` to a map of text to text.
 */
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
/** The limit of the reference implementation. */
const maxHeader = 100_000_000;

/**
 * Reads a safetensors file. The tensors come in the order of their data.
 *
 * @throws DataError, one line naming the file, where it breaks the format in any way.
 */
export function readSafetensors(path: string): Promise<TensorFile> {
  return readingFile(path, (source) => {
    const length = headerLength(source);
    const { entries, metadata } = readHeader(source.read(lengthSize, length));
    const dataStart = lengthSize + length;
    checkCover(entries, source.size - dataStart);
    const tensors = new Map(entries.map(({ name, dtype, shape, begin, end }) => {
      return [name, tensorOver(dtype, shape, source.read(dataStart + begin, end - begin).buffer)];
    }));
    return { tensors, metadata };
  });
}

/** Whether the source begins as a safetensors file does: a plausible length, and a brace. */
export function isSafetensors(source: ByteSource): boolean {
  if (source.size <= lengthSize) return false;
  const start = new DataView(source.read(0, lengthSize + 1).buffer);
  return start.getBigUint64(0, true) <= maxHeader && start.getUint8(lengthSize) === 0x7b;
}

function headerLength(source: ByteSource): number {
  const length = Number(new DataView(source.read(0, lengthSize).buffer).getBigUint64(0, true));
  if (length > maxHeader) {
    throw new DataError(`its header would have ${length} bytes; ${maxHeader} is the limit`);
  }
  if (length > source.size - lengthSize) {
    throw new DataError(
      `the file is cut short: its header has ${length} bytes, and ${source.size - lengthSize} follow`,
    );
  }
  return length;
}

function readHeader(bytes: Uint8Array): { entries: Entry[]; metadata: Record<string, string> } {
  const header = parseJson(bytes, "its header");
  if (bytes[0] !== 0x7b || !isObject(header)) throw new DataError(`its header is not a JSON object`);
  const { [metadataKey]: metadata = {}, ...tensors } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw new DataError(`its ${metadataKey} is not a map of text to text`);
  }
  const entries = Object.entries(tensors).map(([name, value]) => readEntry(name, value));
  // Equal for empty tensors only: those before the one that starts where they end.
  entries.sort((first, second) => first.begin - second.begin || first.end - second.end);
  return { entries, metadata: metadata as Record<string, string> };
}

function readEntry(name: string, value: unknown): Entry {
  const where = `tensor ${printable(JSON.stringify(name))}`;
  if (!isObject(value)) throw new DataError(`${where} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDType(dtype)) {
    throw new DataError(`${where} has the unknown dtype ${printable(JSON.stringify(dtype) ?? "")}`);
  }
  if (!isCounts(shape)) throw new DataError(`${where} has no valid shape`);
  if (!isCounts(offsets) || offsets.length !== 2) throw new DataError(`${where} has no valid data_offsets`);
  const [begin, end] = offsets as [number, number];
  const size = elementCount(shape) * bytesPerElement(dtype);
  if (end - begin !== size) {
    throw new DataError(
      `${where}, ${dtype} of shape [${printable(String(shape))}], needs ${size} bytes, and has ${
        end - begin
      }`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Tensors in order must fill the data without gap or overlap, as the reference implementation demands. */
function checkCover(entries: readonly Entry[], dataSize: number): void {
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (end > dataSize) {
      throw new DataError(
        `the file is cut short: tensor ${printable(name)} ends at ${end} of ${dataSize} bytes of data`,
      );
    }
    if (begin !== covered) {
      throw new DataError(`tensor ${printable(name)} begins at ${begin} where ${covered} is expected`);
    }
    covered = end;
  }
  if (covered !== dataSize) {
    throw new DataError(`it has ${dataSize} bytes of data, of which tensors take ${covered}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

/**
 * The order of the reference implementation, which keeps every tensor aligned: from wide to narrow, then by
 * name.
 */
const writingOrder: DType[] = "U64 I64 F64 F32 U32 I32 BF16 F16 U16 I16 I8 U8 BOOL".split(" ") as DType[];

/**
 * Writes a safetensors file, atomically. The same tensors and metadata give the same bytes, in whatever order
 * they come: tensors are sorted by element type, then by name, and metadata by key.
 *
 * @throws DataError, one line naming the file, where it cannot be written; TypeError for a tensor whose data
 * does not fit its shape.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sorted = [...tensors].sort(([firstName, first], [secondName, second]) => {
    const byType = writingOrder.indexOf(dtypeOf(first)) - writingOrder.indexOf(dtypeOf(second));
    return byType || compareText(firstName, secondName);
  });
  const header = new TextEncoder().encode(headerText(sorted, metadata));
  const padding = new Uint8Array((8 - header.length % 8) % 8).fill(0x20);
  const length = new DataView(new ArrayBuffer(lengthSize));
  length.setBigUint64(0, BigInt(header.length + padding.length), true);
  const data = sorted.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  await writeFileAtomic(path, [new Uint8Array(length.buffer), header, padding, ...data]);
}

/** Put together by hand, because a JavaScript object would move keys like "1" to its front. */
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
    if (name === metadataKey || elementCount(shape) !== data.length) {
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
