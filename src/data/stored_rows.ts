import { inflateSync } from "node:zlib";
import { swapBytes } from "./byte_order.ts";
import { damagedRow, type RowReader } from "./row_reader.ts";
import type { StoredBlocks } from "./stored_blocks.ts";

/** How a dataset's rows are stored. */
export interface StoredRowsOptions {
  path: string;
  /** The dataset's name, for errors. */
  name: string;
  rowBytes: number;
  elementBytes: number;
  isLittleEndian: boolean;
  /** What blocks went through, in this order; empty if they lie in the file as they are. */
  filters: readonly Filter[];
}

export type Filter = "gzip" | "shuffle";

/** Reads a dataset's rows at their places in the file, past the HDF5 library, which takes its time. */
export class StoredRows implements RowReader {
  /** Few enough to be still in the processor's cache when they are converted. */
  readonly bytesPerRead = 2 ** 20;
  readonly isPacked: boolean;
  readonly rowsPerChunk: number;
  private readonly file: Deno.FsFile;
  private readonly blocks: StoredBlocks;
  private readonly options: StoredRowsOptions;
  private rows = new Uint8Array(0);
  private packed = new Uint8Array(0);
  private unshuffled = new Uint8Array(0);

  /** @param file is closed with this */
  constructor(file: Deno.FsFile, blocks: StoredBlocks, options: StoredRowsOptions) {
    this.isPacked = options.filters.length > 0;
    this.rowsPerChunk = this.isPacked ? blocks.rowsPerBlock : 1;
    this.file = file;
    this.blocks = blocks;
    this.options = options;
  }

  read(start: number, count: number): Uint8Array<ArrayBuffer> {
    const { rowBytes, elementBytes, isLittleEndian } = this.options;
    this.rows = atLeast(this.rows, count * rowBytes);
    const bytes = this.rows.subarray(0, count * rowBytes);
    if (this.isPacked) this.readPacked(start, start + count, bytes);
    else this.readPlain(start, start + count, bytes);
    if (!isLittleEndian) swapBytes(bytes, elementBytes);
    return bytes;
  }

  close(): void {
    this.file.close();
  }

  /** Reads blocks that follow one another in the file, as most do, together. */
  private readPlain(start: number, end: number, bytes: Uint8Array): void {
    const { path, name, rowBytes } = this.options;
    for (let row = start; row < end;) {
      const [first, position] = [row, this.positionOf(row)];
      do row = Math.min(end, this.nextBlock(row)); while (
        row < end && this.positionOf(row) === position + (row - first) * rowBytes
      );
      const wanted = bytes.subarray((first - start) * rowBytes, (row - start) * rowBytes);
      const filled = this.fill(wanted, position);
      if (filled < wanted.length) throw damagedRow(path, name, first + Math.floor(filled / rowBytes));
    }
  }

  private readPacked(start: number, end: number, bytes: Uint8Array): void {
    const { rowBytes } = this.options;
    for (let row = start; row < end;) {
      const next = Math.min(end, this.nextBlock(row));
      const skipped = (row % this.blocks.rowsPerBlock) * rowBytes;
      const block = this.unpack(row);
      bytes.set(block.subarray(skipped, skipped + (next - row) * rowBytes), (row - start) * rowBytes);
      row = next;
    }
  }

  /** The bytes of the block with `row` as they were before they were packed. */
  private unpack(row: number): Uint8Array {
    const { path, name, rowBytes, elementBytes, filters } = this.options;
    const { rowsPerBlock, positions, lengths, filtersLeftOut } = this.blocks;
    const block = Math.floor(row / rowsPerBlock);
    const length = rowsPerBlock * rowBytes;
    this.packed = atLeast(this.packed, lengths[block]!);
    let bytes: Uint8Array | undefined = this.packed.subarray(0, lengths[block]!);
    if (this.fill(bytes, positions[block]!) < bytes.length) throw damagedRow(path, name, row);
    for (let filter = filters.length - 1; filter >= 0; filter--) {
      if (filtersLeftOut[block]! >>> filter & 1) continue;
      if (filters[filter] === "gzip") bytes = inflate(bytes, length);
      else bytes = unshuffle(bytes, this.unshuffled = atLeast(this.unshuffled, length), elementBytes);
      if (bytes?.length !== length) throw damagedRow(path, name, row);
    }
    return bytes;
  }

  /** The first row behind the block with `row`. */
  private nextBlock(row: number): number {
    const { rowsPerBlock } = this.blocks;
    return (Math.floor(row / rowsPerBlock) + 1) * rowsPerBlock;
  }

  private positionOf(row: number): number {
    const { rowsPerBlock, positions } = this.blocks;
    return positions[Math.floor(row / rowsPerBlock)]! + (row % rowsPerBlock) * this.options.rowBytes;
  }

  /** Reads bytes from the file; gives how many there were. */
  private fill(bytes: Uint8Array, position: number): number {
    this.file.seekSync(position, Deno.SeekMode.Start);
    let filled = 0;
    while (filled < bytes.length) {
      const read = this.file.readSync(filled === 0 ? bytes : bytes.subarray(filled));
      if (!read) break;
      filled += read;
    }
    return filled;
  }
}

/** Memory for reads grows to the largest and is then used again. */
function atLeast(memory: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  return memory.length < bytes ? new Uint8Array(bytes) : memory;
}

/** Undoes gzip's packing; undefined if this fails, or gives more bytes than it should. */
function inflate(packed: Uint8Array, bytes: number): Uint8Array | undefined {
  try {
    return inflateSync(packed, { chunkSize: Math.max(64, bytes), maxOutputLength: bytes });
  } catch {
    return undefined;
  }
}

/** Brings together, in `memory`, the bytes of each number: all first ones come first, then all second ones … */
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
