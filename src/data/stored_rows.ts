/** Reads a dataset's rows directly from the file. */

import { inflateSync } from "node:zlib";
import { swapBytes } from "./byte_order.ts";
import { damagedRowError, type RowReader } from "./row_reader.ts";
import type { StoredBlocks } from "./stored_blocks.ts";

/** How a dataset's rows are stored. */
export interface StoredRowsOptions {
  path: string;
  /** The dataset's name, for errors. */
  name: string;
  rowBytes: number;
  elementBytes: number;
  isLittleEndian: boolean;
  /** Filters that were applied to the blocks, in this order; empty if the rows are stored as they are. */
  filters: readonly Filter[];
}

/** A filter that can be reversed here. */
export type Filter = "gzip" | "shuffle";

/** Reads rows at their positions in the file, which is faster than the HDF5 library. */
export class StoredRows implements RowReader {
  /** Rows of one read still fit in the processor's cache when they are converted. */
  readonly bytesPerRead = 2 ** 20;
  readonly isCompressed: boolean;
  readonly rowsPerChunk: number;
  private rows = new Uint8Array(0);
  private compressed = new Uint8Array(0);
  private unshuffled = new Uint8Array(0);

  /** @param file the open file; `close` closes it */
  constructor(
    private readonly file: Deno.FsFile,
    private readonly blocks: StoredBlocks,
    private readonly options: StoredRowsOptions,
  ) {
    this.isCompressed = options.filters.length > 0;
    this.rowsPerChunk = this.isCompressed ? blocks.rowsPerBlock : 1;
  }

  read(start: number, count: number): Uint8Array<ArrayBuffer> {
    const { rowBytes, elementBytes, isLittleEndian } = this.options;
    this.rows = atLeast(this.rows, count * rowBytes);
    const bytes = this.rows.subarray(0, count * rowBytes);
    if (this.isCompressed) this.readCompressed(start, start + count, bytes);
    else this.readPlain(start, start + count, bytes);
    if (!isLittleEndian) swapBytes(bytes, elementBytes);
    return bytes;
  }

  close(): void {
    this.file.close();
  }

  /** Reads adjacent blocks of the file together. Most blocks are adjacent. */
  private readPlain(start: number, end: number, bytes: Uint8Array): void {
    const { path, name, rowBytes } = this.options;
    for (let row = start; row < end;) {
      const [first, position] = [row, this.positionOf(row)];
      do row = Math.min(end, this.nextBlock(row)); while (
        row < end && this.positionOf(row) === position + (row - first) * rowBytes
      );
      const wanted = bytes.subarray((first - start) * rowBytes, (row - start) * rowBytes);
      const length = this.readBytes(wanted, position);
      if (length < wanted.length) throw damagedRowError(path, name, first + Math.floor(length / rowBytes));
    }
  }

  private readCompressed(start: number, end: number, bytes: Uint8Array): void {
    const { rowBytes } = this.options;
    for (let row = start; row < end;) {
      const next = Math.min(end, this.nextBlock(row));
      const skipped = (row % this.blocks.rowsPerBlock) * rowBytes;
      const block = this.decompress(row);
      bytes.set(block.subarray(skipped, skipped + (next - row) * rowBytes), (row - start) * rowBytes);
      row = next;
    }
  }

  /** The bytes of the block that contains `row`, with its filters reversed. */
  private decompress(row: number): Uint8Array {
    const { path, name, rowBytes, elementBytes, filters } = this.options;
    const { rowsPerBlock, positions, lengths, skippedFilters } = this.blocks;
    const block = Math.floor(row / rowsPerBlock);
    const length = rowsPerBlock * rowBytes;
    this.compressed = atLeast(this.compressed, lengths[block]!);
    let bytes: Uint8Array | undefined = this.compressed.subarray(0, lengths[block]!);
    if (this.readBytes(bytes, positions[block]!) < bytes.length) throw damagedRowError(path, name, row);
    for (let filter = filters.length - 1; filter >= 0; filter--) {
      if (skippedFilters[block]! >>> filter & 1) continue;
      if (filters[filter] === "gzip") bytes = inflate(bytes, length);
      else bytes = unshuffle(bytes, this.unshuffled = atLeast(this.unshuffled, length), elementBytes);
      if (bytes?.length !== length) throw damagedRowError(path, name, row);
    }
    return bytes;
  }

  /** The first row after the block that contains `row`. */
  private nextBlock(row: number): number {
    const { rowsPerBlock } = this.blocks;
    return (Math.floor(row / rowsPerBlock) + 1) * rowsPerBlock;
  }

  private positionOf(row: number): number {
    const { rowsPerBlock, positions } = this.blocks;
    return positions[Math.floor(row / rowsPerBlock)]! + (row % rowsPerBlock) * this.options.rowBytes;
  }

  /** Reads bytes from the file until `bytes` is full or the file ends. Returns the number of bytes read. */
  private readBytes(bytes: Uint8Array, position: number): number {
    this.file.seekSync(position, Deno.SeekMode.Start);
    let length = 0;
    while (length < bytes.length) {
      const read = this.file.readSync(length === 0 ? bytes : bytes.subarray(length));
      if (!read) break;
      length += read;
    }
    return length;
  }
}

/** The same memory if it is large enough, otherwise new memory. */
function atLeast(memory: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  return memory.length < bytes ? new Uint8Array(bytes) : memory;
}

/** Decompresses zlib data; undefined if it is damaged or holds more than `bytes` bytes. */
function inflate(compressed: Uint8Array, bytes: number): Uint8Array | undefined {
  try {
    return inflateSync(compressed, { chunkSize: Math.max(64, bytes), maxOutputLength: bytes });
  } catch {
    return undefined;
  }
}

/**
 * Reverses the filter shuffle, into `memory`. Shuffled data has the first bytes of all numbers first, then all second
 * bytes, and so on.
 */
function unshuffle(shuffled: Uint8Array, memory: Uint8Array, elementBytes: number): Uint8Array {
  const count = shuffled.length / elementBytes;
  for (let byte = 0; byte < elementBytes; byte++) {
    const first = byte * count;
    for (let index = 0; index < count; index++) {
      memory[index * elementBytes + byte] = shuffled[first + index]!;
    }
  }
  return memory.subarray(0, shuffled.length);
}
