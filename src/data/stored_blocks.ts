/** Finds where an HDF5 file stores a dataset's rows, for the two common layouts. */

// The layouts are a contiguous piece, and chunks of whole rows in a version 1 B-tree: the default layouts of h5py and
// of this project's writer. Names in quotation marks are sections of the HDF5 File Format Specification, version 3.0.

/** Blocks of whole rows. Block b starts with the dataset's row b · rowsPerBlock. */
export interface StoredBlocks {
  rowsPerBlock: number;
  /** Position of each block, in bytes from the start of the file. */
  positions: Float64Array;
  /** Length of each block in the file, in bytes. */
  lengths: Float64Array;
  /** For each block a bit mask: bit f is set if the dataset's filter f was not applied to the block. */
  skippedFilters: Uint32Array;
}

/** What the library reports about a dataset. */
export interface StoredShape {
  shape: readonly number[];
  /** Shape of a chunk; null if the dataset is contiguous. */
  chunks: readonly number[] | null;
  elementBytes: number;
}

/** Longer structures are a sign of a damaged file. */
const maxStructureBytes = 2 ** 24;

/** A file's bytes by address. Addresses count from the superblock. */
export class FileBytes {
  constructor(private readonly file: Deno.FsFile, readonly start: number, private readonly size: number) {}

  /**
   * Reads bytes.
   *
   * @throws {RangeError} if they are not all in the file
   */
  view(address: number, length: number): DataView {
    this.requireInside(address, length);
    if (length > maxStructureBytes) throw new RangeError(`a structure of ${length} bytes at ${address}`);
    const bytes = new Uint8Array(length);
    this.file.seekSync(this.start + address, Deno.SeekMode.Start);
    for (let filled = 0; filled < length;) {
      const read = this.file.readSync(bytes.subarray(filled));
      if (!read) throw new RangeError("the file was shortened while it was read");
      filled += read;
    }
    return new DataView(bytes.buffer);
  }

  /** @throws {RangeError} if the bytes are not all in the file */
  requireInside(address: number, length: number): void {
    if (this.start + address + length <= this.size) return;
    throw new RangeError(`${length} bytes at ${address} are not in the file`);
  }
}

/**
 * Finds the blocks of a dataset.
 *
 * @param header address of the dataset's object header
 * @throws {RangeError} if the layout is another one, blocks are missing, or an address is outside the file
 */
export function locateBlocks(bytes: FileBytes, header: number, stored: StoredShape): StoredBlocks {
  requireWideAddresses(bytes);
  const layout = findLayout(bytes, header);
  const [version, layoutClass] = [layout.getUint8(0), layout.getUint8(1)];
  if (layoutClass === 1 && (version === 3 || version === 4)) return contiguousBlock(bytes, layout, stored);
  if (layoutClass === 2 && version === 3) return chunkBlocks(bytes, layout, stored);
  throw new RangeError(`layout ${layoutClass} of version ${version}`);
}

/** Addresses and lengths have eight bytes in almost every file ("Superblock"). */
function requireWideAddresses(bytes: FileBytes): void {
  const superblock = bytes.view(0, 16);
  const sizes = superblock.getUint8(8) < 2 ? 13 : 9;
  if (superblock.getUint16(sizes) !== 0x0808) {
    throw new RangeError("addresses and lengths do not have eight bytes");
  }
}

const layoutMessage = 0x08;
const continuationMessage = 0x10;
/** Limit of a header's blocks, since those of a damaged file may form a loop. */
const maxHeaderBlocks = 64;

/** Finds the message "Data Layout" in an object header of version 1 or 2 ("Data Object Headers"). */
function findLayout(bytes: FileBytes, header: number): DataView {
  const prefix = bytes.view(header, 34);
  const isVersion2 = readsAs(prefix, "OHDR");
  const blocks: (readonly [address: number, length: number])[] = [
    isVersion2 ? firstBlockOfVersion2(prefix, header) : [header + 16, prefix.getUint32(8, true)],
  ];
  const headBytes = !isVersion2 ? 8 : prefix.getUint8(5) & 4 ? 6 : 4;
  for (const [address, length] of blocks) {
    const messages = bytes.view(address, length);
    for (let at = 0, size = 0; at + headBytes <= length; at += headBytes + size) {
      const type = isVersion2 ? messages.getUint8(at) : messages.getUint16(at, true);
      size = messages.getUint16(at + (isVersion2 ? 1 : 2), true);
      const body = new DataView(messages.buffer, at + headBytes, size);
      if (type === layoutMessage) return body;
      if (type === continuationMessage && blocks.length < maxHeaderBlocks) {
        const [next, bytesThere] = [wide(body, 0), wide(body, 8)];
        // In version 2, these messages are between a signature and a checksum.
        blocks.push(isVersion2 ? [next + 4, bytesThere - 8] : [next, bytesThere]);
      }
    }
  }
  throw new RangeError("no layout");
}

/** Address and length of the messages that follow the prefix of a version 2 header. */
function firstBlockOfVersion2(prefix: DataView, header: number): readonly [address: number, length: number] {
  const flags = prefix.getUint8(5);
  const at = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const sizeBytes = 1 << (flags & 3);
  let length = 0;
  for (let byte = sizeBytes - 1; byte >= 0; byte--) length = length * 256 + prefix.getUint8(at + byte);
  return [header + at + sizeBytes, length];
}

function contiguousBlock(
  bytes: FileBytes,
  layout: DataView,
  { shape, elementBytes }: StoredShape,
): StoredBlocks {
  const address = wide(layout, 2);
  const length = shape.reduce((total, size) => total * size, elementBytes);
  bytes.requireInside(address, length);
  return {
    rowsPerBlock: shape[0]!,
    positions: Float64Array.of(bytes.start + address),
    lengths: Float64Array.of(length),
    skippedFilters: new Uint32Array(1),
  };
}

/** The blocks of a chunked dataset. All chunks must exist, in order. */
function chunkBlocks(bytes: FileBytes, layout: DataView, { shape, chunks }: StoredShape): StoredBlocks {
  if (!chunks || chunks.slice(1).some((size, axis) => size !== shape[axis + 1])) {
    throw new RangeError("chunks that divide rows");
  }
  const rowsPerBlock = chunks[0]!;
  const count = Math.ceil(shape[0]! / rowsPerBlock);
  const blocks: StoredBlocks = {
    rowsPerBlock,
    positions: new Float64Array(count),
    lengths: new Float64Array(count),
    skippedFilters: new Uint32Array(count),
  };
  let next = 0;
  for (const { row, address, length, skippedFilters } of chunksUnder(bytes, wide(layout, 3), shape.length)) {
    if (next === count || row !== next * rowsPerBlock) throw new RangeError(`chunk ${next} is out of order`);
    bytes.requireInside(address, length);
    blocks.positions[next] = bytes.start + address;
    blocks.lengths[next] = length;
    blocks.skippedFilters[next++] = skippedFilters;
  }
  if (next < count) throw new RangeError("chunks that were not written");
  return blocks;
}

interface StoredChunk {
  /** Its first row. */
  row: number;
  address: number;
  length: number;
  skippedFilters: number;
}

/**
 * The chunks under a node of a tree, in order ("Version 1 B-trees").
 *
 * @param expectedLevel level that the node must have; any for the root
 */
function* chunksUnder(
  bytes: FileBytes,
  node: number,
  dimensions: number,
  expectedLevel?: number,
): Generator<StoredChunk> {
  const head = bytes.view(node, 24);
  const [type, level, entries] = [head.getUint8(4), head.getUint8(5), head.getUint16(6, true)];
  // Levels decrease and no node is empty, so that reading a damaged tree ends, too.
  const hasLevel = expectedLevel === undefined || level === expectedLevel;
  if (!readsAs(head, "TREE") || type !== 1 || entries === 0 || !hasLevel) {
    throw new RangeError("not a tree of chunks");
  }
  const keyBytes = 8 + 8 * (dimensions + 1);
  const entryBytes = keyBytes + 8;
  const view = bytes.view(node + head.byteLength, entries * entryBytes);
  for (let at = 0; at < view.byteLength; at += entryBytes) {
    const address = wide(view, at + keyBytes);
    if (level > 0) yield* chunksUnder(bytes, address, dimensions, level - 1);
    else {
      const [length, skippedFilters] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
      for (let axis = 1; axis <= dimensions; axis++) {
        if (wide(view, at + 8 + 8 * axis) !== 0) throw new RangeError("a chunk that starts within a row");
      }
      yield { row: wide(view, at + 8), address, length, skippedFilters };
    }
  }
}

/** An address or a length of eight bytes. It is exact up to 2⁵³, more than the size of any file. */
function wide(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}

function readsAs(view: DataView, text: string): boolean {
  return [...text].every((letter, index) => view.getUint8(index) === letter.charCodeAt(0));
}
