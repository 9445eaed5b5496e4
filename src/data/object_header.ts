/** Reads the messages of an HDF5 object's header. */

// Names in quotation marks are sections of the HDF5 File Format Specification, version 3.0.

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

  /** Bytes of an address and of a length in this file: almost always eight ("Superblock"). */
  sizes(): { addressBytes: number; lengthBytes: number } {
    const superblock = this.view(0, 16);
    const at = superblock.getUint8(8) < 2 ? 13 : 9;
    return { addressBytes: superblock.getUint8(at), lengthBytes: superblock.getUint8(at + 1) };
  }
}

/** A message of an object header. */
export interface HeaderMessage {
  body: DataView;
  /** Whether `body` refers to a message that is stored elsewhere. */
  isShared: boolean;
}

/** The numbers of messages ("Data Object Header Messages"). */
export const messageTypes = { dataType: 0x03, externalFiles: 0x07, layout: 0x08, continuation: 0x10 };

/** Limit of a header's blocks, since those of a damaged file may form a loop. */
const maxHeaderBlocks = 64;
/** The longest prefix of a header of version 2. */
const prefixBytes = 34;

/**
 * The first message of a type in an object header of version 1 or 2 ("Data Object Headers"); undefined if there is
 * none.
 *
 * @param header address of the object's header
 * @throws {RangeError} if the header is not valid
 */
export function findMessage(bytes: FileBytes, header: number, wanted: number): HeaderMessage | undefined {
  const { addressBytes, lengthBytes } = bytes.sizes();
  const isVersion2 = readsAs(bytes.view(header, 4), "OHDR");
  const prefix = bytes.view(header, isVersion2 ? prefixBytes : 16);
  if (!isVersion2 && prefix.getUint8(0) !== 1) throw new RangeError("not an object header");
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
      const flags = messages.getUint8(at + (isVersion2 ? 3 : 4));
      if (type === wanted) return { body, isShared: (flags & 2) !== 0 };
      if (type === messageTypes.continuation && blocks.length < maxHeaderBlocks) {
        const next = unsigned(body, 0, addressBytes);
        const bytesThere = unsigned(body, addressBytes, lengthBytes);
        // In version 2, these messages are between a signature and a checksum.
        blocks.push(isVersion2 ? [next + 4, bytesThere - 8] : [next, bytesThere]);
      }
    }
  }
  return undefined;
}

/** Address and length of the messages that follow the prefix of a version 2 header. */
function firstBlockOfVersion2(prefix: DataView, header: number): readonly [address: number, length: number] {
  const flags = prefix.getUint8(5);
  const at = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const sizeBytes = 1 << (flags & 3);
  return [header + at + sizeBytes, unsigned(prefix, at, sizeBytes)];
}

/** A little-endian number of `bytes` bytes. It is exact up to 2⁵³, more than the size of any file. */
export function unsigned(view: DataView, offset: number, bytes: number): number {
  let value = 0;
  for (let byte = bytes - 1; byte >= 0; byte--) value = value * 256 + view.getUint8(offset + byte);
  return value;
}

/** Whether the view begins with `text`, in ASCII. */
export function readsAs(view: DataView, text: string): boolean {
  return [...text].every((letter, index) => view.getUint8(index) === letter.charCodeAt(0));
}
