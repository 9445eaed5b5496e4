/**
 * Where an HDF5 file keeps a dataset's rows, for the layouts that are common and simple: one piece, or chunks of whole rows
 * under a B-tree of version 1. h5py and this project's own writer make these unless told otherwise.
 * Names in quotation marks are sections of the HDF5 File Format Specification, version 3.0.
 */

/** Blocks of whole rows: block b has the dataset's rows from b·rowsPerBlock on. */
export interface StoredBlocks {
  rowsPerBlock: number;
  /** Where each block begins, in bytes from the file's start. */
  positions: Float64Array;
  /** Bytes that each takes in the file. */
  lengths: Float64Array;
  /** For each block a bit for each of the dataset's filters, which is set where that filter was left out. */
  filtersLeftOut: Uint32Array;
}

/** What the library says about a dataset. */
export interface StoredShape {
  shape: readonly number[];
  /** Shape of a chunk; null if the dataset is in one piece. */
  chunks: readonly number[] | null;
  elementBytes: number;
}

/** No structure that is read here is as long as this. */
const mostBytes = 2 ** 24;

/** A file's bytes by address, which counts from where its superblock begins. */
export class FileBytes {
  constructor(private readonly file: Deno.FsFile, readonly start: number, private readonly size: number) {}

  /** @throws RangeError if the file has no such bytes */
  view(address: number, length: number): DataView {
    this.requireInside(address, length);
    if (length > mostBytes) throw new RangeError(`${length} bytes at ${address} are no structure of a file`);
    const bytes = new Uint8Array(length);
    this.file.seekSync(this.start + address, Deno.SeekMode.Start);
    for (let filled = 0; filled < length;) {
      const read = this.file.readSync(bytes.subarray(filled));
      if (!read) throw new RangeError("the file has become shorter");
      filled += read;
    }
    return new DataView(bytes.buffer);
  }

  /** @throws RangeError if the file has no such bytes */
  requireInside(address: number, length: number): void {
    if (this.start + address + length <= this.size) return;
    throw new RangeError(`${length} bytes at ${address} are not in the file`);
  }
}

/**
 * The blocks of the dataset whose object header is at `header`.
 *
 * @throws RangeError if they are kept in another way than those above, are not all there, or an address leads out of the file
 */
export function locateBlocks(bytes: FileBytes, header: number, stored: StoredShape): StoredBlocks {
  requireWideAddresses(bytes);
  const layout = findLayout(bytes, header);
  const [version, layoutClass] = [layout.getUint8(0), layout.getUint8(1)];
  if (layoutClass === 1 && (version === 3 || version === 4)) return onePiece(bytes, layout, stored);
  if (layoutClass === 2 && version === 3) return chunksInTree(bytes, layout, stored);
  throw new RangeError(`layout ${layoutClass} of version ${version}`);
}

/** Addresses and lengths have eight bytes in every file but very odd ones ("Superblock"). */
function requireWideAddresses(bytes: FileBytes): void {
  const superblock = bytes.view(0, 16);
  const sizes = superblock.getUint8(8) < 2 ? 13 : 9;
  if (superblock.getUint16(sizes) !== 0x0808) throw new RangeError("addresses of other than eight bytes");
}

const layoutMessage = 0x08;
const continuationMessage = 0x10;
/** More blocks than a header has: a damaged one may lead round in a circle. */
const mostHeaderBlocks = 64;

/** The message "Data Layout" among those of an object header of either version ("Data Object Headers"). */
function findLayout(bytes: FileBytes, header: number): DataView {
  const prefix = bytes.view(header, 34);
  const isNew = readsAs(prefix, "OHDR");
  const blocks: (readonly [address: number, length: number])[] = [
    isNew ? newFirstBlock(prefix, header) : [header + 16, prefix.getUint32(8, true)],
  ];
  const headBytes = !isNew ? 8 : prefix.getUint8(5) & 4 ? 6 : 4;
  for (const [address, length] of blocks) {
    const messages = bytes.view(address, length);
    for (let at = 0, size = 0; at + headBytes <= length; at += headBytes + size) {
      const type = isNew ? messages.getUint8(at) : messages.getUint16(at, true);
      size = messages.getUint16(at + (isNew ? 1 : 2), true);
      const body = new DataView(messages.buffer, at + headBytes, size);
      if (type === layoutMessage) return body;
      if (type === continuationMessage && blocks.length < mostHeaderBlocks) {
        const [next, bytesThere] = [wide(body, 0), wide(body, 8)];
        // A new header's further messages are between a signature and a checksum.
        blocks.push(isNew ? [next + 4, bytesThere - 8] : [next, bytesThere]);
      }
    }
  }
  throw new RangeError("no layout");
}

/** Address and length of the messages behind a new header's prefix, whose flags say what it consists of. */
function newFirstBlock(prefix: DataView, header: number): readonly [address: number, length: number] {
  const flags = prefix.getUint8(5);
  const at = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const sizeBytes = 1 << (flags & 3);
  let length = 0;
  for (let byte = sizeBytes - 1; byte >= 0; byte--) length = length * 256 + prefix.getUint8(at + byte);
  return [header + at + sizeBytes, length];
}

function onePiece(bytes: FileBytes, layout: DataView, { shape, elementBytes }: StoredShape): StoredBlocks {
  const address = wide(layout, 2);
  const length = shape.reduce((total, size) => total * size, elementBytes);
  bytes.requireInside(address, length);
  return {
    rowsPerBlock: shape[0]!,
    positions: Float64Array.of(bytes.start + address),
    lengths: Float64Array.of(length),
    filtersLeftOut: new Uint32Array(1),
  };
}

/** Chunks must be there in their order and none missing. */
function chunksInTree(bytes: FileBytes, layout: DataView, { shape, chunks }: StoredShape): StoredBlocks {
  if (!chunks || chunks.slice(1).some((size, axis) => size !== shape[axis + 1])) {
    throw new RangeError("chunks of parts of rows");
  }
  const rowsPerBlock = chunks[0]!;
  const count = Math.ceil(shape[0]! / rowsPerBlock);
  const blocks: StoredBlocks = {
    rowsPerBlock,
    positions: new Float64Array(count),
    lengths: new Float64Array(count),
    filtersLeftOut: new Uint32Array(count),
  };
  let next = 0;
  for (const { row, address, length, filtersLeftOut } of chunksUnder(bytes, wide(layout, 3), shape.length)) {
    if (next === count || row !== next * rowsPerBlock) throw new RangeError(`chunk ${next} is out of place`);
    bytes.requireInside(address, length);
    blocks.positions[next] = bytes.start + address;
    blocks.lengths[next] = length;
    blocks.filtersLeftOut[next++] = filtersLeftOut;
  }
  if (next < count) throw new RangeError("chunks that were never written");
  return blocks;
}

interface StoredChunk {
  /** The first row in it. */
  row: number;
  address: number;
  length: number;
  filtersLeftOut: number;
}

/** The chunks in the part of a tree that begins with a node, in order ("Version 1 B-trees"). */
function* chunksUnder(
  bytes: FileBytes,
  node: number,
  dimensions: number,
  wantedLevel?: number,
): Generator<StoredChunk> {
  const head = bytes.view(node, 24);
  const [type, level, entries] = [head.getUint8(4), head.getUint8(5), head.getUint16(6, true)];
  // Levels that fall and nodes that are never empty: thus a damaged tree has an end, too.
  const fits = wantedLevel === undefined || level === wantedLevel;
  if (!readsAs(head, "TREE") || type !== 1 || entries === 0 || !fits) {
    throw new RangeError("no tree of chunks");
  }
  const keyBytes = 8 + 8 * (dimensions + 1);
  const entryBytes = keyBytes + 8;
  const view = bytes.view(node + head.byteLength, entries * entryBytes);
  for (let at = 0; at < view.byteLength; at += entryBytes) {
    const address = wide(view, at + keyBytes);
    if (level > 0) yield* chunksUnder(bytes, address, dimensions, level - 1);
    else {
      const [length, filtersLeftOut] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
      for (let axis = 1; axis <= dimensions; axis++) {
        if (wide(view, at + 8 + 8 * axis) !== 0) throw new RangeError("a chunk in the midst of a row");
      }
      yield { row: wide(view, at + 8), address, length, filtersLeftOut };
    }
  }
}

/** An address or a length of eight bytes. Beyond 2⁵³ it is not exact, but then no file has it. */
function wide(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}

function readsAs(view: DataView, text: string): boolean {
  return [...text].every((letter, index) => view.getUint8(index) === letter.charCodeAt(0));
}
