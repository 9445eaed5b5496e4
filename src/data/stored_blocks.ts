/** Finds where an HDF5 file stores a dataset's rows, for the two common layouts. */

// The layouts are a contiguous piece, and chunks of whole rows in a version 1 B-tree: the default layouts of h5py and
// of this project's writer. Names in quotation marks are sections of the HDF5 File Format Specification, version 3.0.

import { type FileBytes, findMessage, messageTypes, readsAs } from "./object_header.ts";

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

/**
 * Finds the blocks of a dataset.
 *
 * @param header address of the dataset's object header
 * @throws {RangeError} if the layout is another one, blocks are missing, or an address is outside the file
 */
export function locateBlocks(bytes: FileBytes, header: number, stored: StoredShape): StoredBlocks {
  requireWideAddresses(bytes);
  const layout = findMessage(bytes, header, messageTypes.layout)?.body;
  if (!layout) throw new RangeError("no layout");
  const [version, layoutClass] = [layout.getUint8(0), layout.getUint8(1)];
  if (layoutClass === 1 && (version === 3 || version === 4)) return contiguousBlock(bytes, layout, stored);
  if (layoutClass === 2 && version === 3) return chunkBlocks(bytes, layout, stored);
  throw new RangeError(`layout ${layoutClass} of version ${version}`);
}

/** Addresses and lengths have eight bytes in almost every file. */
function requireWideAddresses(bytes: FileBytes): void {
  const { addressBytes, lengthBytes } = bytes.sizes();
  if (addressBytes !== 8 || lengthBytes !== 8) {
    throw new RangeError("addresses and lengths do not have eight bytes");
  }
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
