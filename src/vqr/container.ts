/** The parts of a `.vqr` file: header, table, chunks and footer. */

import { DataError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { crc32c } from "./crc32c.ts";
import { type Header, readHeader, writeHeader } from "./header.ts";
import { tileCount } from "./tiles.ts";

/** What a chunk holds. Readers skip unknown types with bit 7 set and refuse others. */
export const TILE = 1;
export const METADATA = 129;
const OPTIONAL = 128;

/** The bytes of the smallest entry of the table. */
const SMALLEST_ENTRY = 6;
const FOOTER_LENGTH = 36;

export interface Chunk {
  type: number;
  bytes: Uint8Array;
}

/** A file's parts, found but not yet read. */
export interface Container {
  header: Header;
  /** Tiles in the order of frames, then of tiles. */
  tiles: StoredChunk[];
  /** Optional chunks, unknown ones included. */
  others: StoredChunk[];
  /** SHA-256 of the decoded pixels, little endian. */
  hash: Uint8Array;
}

export interface StoredChunk {
  type: number;
  /** Position and length in the file, in bytes. */
  offset: number;
  length: number;
  crc: number;
}

/** A file of a header, chunks and the hash of the decoded pixels. */
export function writeContainer(header: Header, chunks: Chunk[], hash: Uint8Array): Uint8Array<ArrayBuffer> {
  const table = new ByteWriter();
  for (const { type, bytes } of chunks) {
    table.u8(type);
    table.varint(bytes.length);
    table.u32(crc32c(bytes));
  }
  const entries = table.finish();
  const sized = new ByteWriter();
  sized.u32(entries.length);
  sized.bytes(entries);
  const tableBytes = sized.finish();
  const writer = new ByteWriter();
  writer.bytes(writeHeader(header));
  writer.bytes(tableBytes);
  writer.u32(crc32c(tableBytes));
  for (const { bytes } of chunks) writer.bytes(bytes);
  writer.bytes(hash);
  writer.u32(crc32c(hash));
  return writer.finish();
}

/**
 * Finds the parts of a file. Of the chunks it reads nothing.
 *
 * @throws {DataError} if the file is not a `.vqr` file, is damaged, or has an unknown mandatory part
 */
export function readContainer(file: Uint8Array): Container {
  const { header, end } = readHeader(file);
  const reader = new ByteReader(file.subarray(end), "table of chunks");
  const length = reader.u32();
  const entries = reader.bytes(length);
  const sum = crc32c(file.subarray(end, end + reader.at));
  if (reader.u32() !== sum) {
    throw new DataError("the .vqr file is damaged: its table of chunks does not match its checksum");
  }
  const expected = header.frames * tileCount(header);
  if (expected * SMALLEST_ENTRY > length) {
    throw new DataError(`the .vqr file is damaged: its table is too short for ${expected} tiles`);
  }
  const tiles: StoredChunk[] = [];
  const others: StoredChunk[] = [];
  let offset = end + reader.at;
  const table = new ByteReader(entries, "table of chunks");
  while (table.left > 0) {
    const chunk = { type: table.u8(), offset, length: table.varint(), crc: table.u32() };
    if (chunk.type === TILE) tiles.push(chunk);
    else if (chunk.type >= OPTIONAL) others.push(chunk);
    else {
      throw new DataError(
        `the .vqr file has an unknown mandatory chunk ${chunk.type}; it needs a newer program`,
      );
    }
    offset += chunk.length;
  }
  if (tiles.length !== expected) {
    throw new DataError(`the .vqr file is damaged: it has ${tiles.length} tiles; expected ${expected}`);
  }
  if (file.length !== offset + FOOTER_LENGTH) {
    throw new DataError(
      `the .vqr file is damaged: it has ${file.length} bytes; expected ${offset + FOOTER_LENGTH}`,
    );
  }
  const footer = new ByteReader(file.subarray(offset), "footer");
  const hash = footer.bytes(32);
  if (footer.u32() !== crc32c(hash)) {
    throw new DataError("the .vqr file is damaged: its footer does not match its checksum");
  }
  return { header, tiles, others, hash };
}

/**
 * The bytes of a chunk.
 *
 * @throws {DataError} if they do not match their checksum
 */
export function readChunk(file: Uint8Array, { offset, length, crc }: StoredChunk, what: string): Uint8Array {
  const bytes = file.subarray(offset, offset + length);
  if (crc32c(bytes) !== crc) {
    throw new DataError(`the .vqr file is damaged: ${what} does not match its checksum`);
  }
  return bytes;
}
