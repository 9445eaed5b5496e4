/** Reading ZIP archives. */

import { inflateSync } from "fflate";
import { DataError } from "../errors.ts";
import { allocate, type ByteSource, partOf } from "./byte_source.ts";
import { crc32 } from "./crc32.ts";
import { printable } from "./printable.ts";

/**
 * A ZIP archive whose members are unpacked on demand. Its central directory, at the end of the file, says where each
 * member is. Members may be stored or deflated, and larger than 4 GiB (zip64). The format is that of PKWARE's
 * APPNOTE.TXT 6.3.10.
 */
export class ZipArchive {
  private readonly members = new Map<string, Member>();
  private left: number;

  /**
   * @param limit the most bytes that all members that are read may unpack to, together; default: no limit
   * @throws {DataError} if the directory is missing or damaged, or names a member twice
   */
  constructor(readonly source: ByteSource, readonly limit = Infinity) {
    this.left = limit;
    for (const member of membersOf(source)) {
      if (this.members.has(member.name)) {
        throw new DataError(`the archive has two members ${printable(member.name)}`);
      }
      this.members.set(member.name, member);
    }
  }

  /** The names of all members, in the order of the directory. */
  get names(): string[] {
    return [...this.members.keys()];
  }

  has(name: string): boolean {
    return this.members.has(name);
  }

  /**
   * Reads a member and compares its CRC-32 with the archive's. A CRC-32 of zero is not compared: writers that do not
   * compute the checksum leave it zero.
   *
   * @throws {DataError} if there is no such member, it is damaged, it is compressed in an unknown way, or the members
   * read so far unpack to more than the archive's limit
   */
  read(name: string): Uint8Array<ArrayBuffer> {
    const { packed, isDeflated, size, checksum } = this.packed(name);
    const shown = printable(name);
    this.left -= size;
    if (this.left < 0) {
      throw new DataError(`the archive's members would unpack to more than ${this.limit} bytes`);
    }
    const content = packed.read(0, packed.size);
    const bytes = isDeflated ? inflated(content, size) : content;
    if (!bytes) throw new DataError(`the archive's member ${shown} cannot be unpacked`);
    if (checksum !== 0 && crc32(bytes) !== checksum) {
      throw new DataError(`the archive's member ${shown} is damaged: its CRC-32 differs from the archive's`);
    }
    return bytes;
  }

  /**
   * The content of a member as it is stored, to be unpacked in parts.
   *
   * @returns `size` and `checksum` are the size in bytes and the CRC-32 of the unpacked content, as the directory
   * states them
   * @throws {DataError} if there is no such member, or it is compressed with an unsupported method
   */
  packed(name: string): { packed: ByteSource; isDeflated: boolean; size: number; checksum: number } {
    const member = this.members.get(name);
    const shown = printable(name);
    if (!member) throw new DataError(`the archive has no member ${shown}`);
    const { method, size, packedSize, checksum } = member;
    const packed = partOf(this.source, this.contentOffset(member), packedSize);
    if (method === stored && size === packedSize) return { packed, isDeflated: false, size, checksum };
    if (method === deflated) return { packed, isDeflated: true, size, checksum };
    throw new DataError(`the archive's member ${shown} is compressed with an unsupported method`);
  }

  /** The content follows the member's own header, whose extra field may differ from the directory's. */
  private contentOffset(member: Member): number {
    const header = viewOf(this.source.read(member.headerOffset, localHeaderSize));
    if (header.getUint32(0, true) !== localSignature) {
      throw new DataError(`the archive is damaged: it has no member at ${member.headerOffset}`);
    }
    return member.headerOffset + localHeaderSize + header.getUint16(26, true) + header.getUint16(28, true);
  }
}

interface Member {
  name: string;
  method: number;
  /** The CRC-32 of the unpacked content. */
  checksum: number;
  packedSize: number;
  size: number;
  headerOffset: number;
}

const stored = 0;
const deflated = 8;
const localSignature = 0x04034b50;
const memberSignature = 0x02014b50;
const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const localHeaderSize = 30;
const memberHeaderSize = 46;
const endSize = 22;
const end64Size = 56;
const locator64Size = 20;
const maxComment = 65535;
/** In a 32-bit field: the value is in the zip64 record instead. */
const inZip64 = 0xffffffff;
const countInZip64 = 0xffff;

/** Where the central directory is and how many members it has. */
interface Directory {
  offset: number;
  size: number;
  count: number;
}

/** Finds the central directory by the record at the end of the file, which only a comment may follow. */
function findDirectory(source: ByteSource): Directory {
  const tailSize = Math.min(source.size, endSize + maxComment);
  const tailOffset = source.size - tailSize;
  const tail = viewOf(source.read(tailOffset, tailSize));
  for (let at = tailSize - endSize; at >= 0; at--) {
    if (tail.getUint32(at, true) !== endSignature) continue;
    const [size, offset] = [tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
    const count = tail.getUint16(at + 10, true);
    if (size !== inZip64 && offset !== inZip64 && count !== countInZip64) return { offset, size, count };
    return findDirectory64(source, tailOffset + at - locator64Size);
  }
  throw new DataError("the archive is cut short: its directory, at the end, is missing");
}

function findDirectory64(source: ByteSource, locatorOffset: number): Directory {
  const locator = viewOf(source.read(locatorOffset, locator64Size));
  if (locator.getUint32(0, true) !== locator64Signature) throw damaged();
  const end = viewOf(source.read(uint64(locator, 8), end64Size));
  if (end.getUint32(0, true) !== end64Signature) throw damaged();
  return { count: uint64(end, 32), size: uint64(end, 40), offset: uint64(end, 48) };
}

function membersOf(source: ByteSource): Member[] {
  const { offset, size, count } = findDirectory(source);
  const directory = source.read(offset, size);
  const members: Member[] = [];
  const view = viewOf(directory);
  for (let at = 0; at + memberHeaderSize <= directory.length;) {
    if (view.getUint32(at, true) !== memberSignature) throw damaged();
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const nameOffset = at + memberHeaderSize;
    const extraOffset = nameOffset + nameSize!;
    const next = extraOffset + extraSize! + commentSize!;
    if (next > directory.length) throw damaged();
    const [packedSize, size, headerOffset] = [20, 24, 42].map((field) => view.getUint32(at + field, true));
    const member: Member = {
      name: new TextDecoder().decode(directory.subarray(nameOffset, extraOffset)),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packedSize: packedSize!,
      size: size!,
      headerOffset: headerOffset!,
    };
    applyZip64(member, viewOf(directory.slice(extraOffset, extraOffset + extraSize!)));
    members.push(member);
    at = next;
  }
  if (members.length !== count) throw damaged();
  return members;
}

/** Replaces 32-bit fields that refer to the zip64 extra field (id 1). That field holds their values in this order. */
function applyZip64(member: Member, extra: DataView): void {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const [id, end] = [extra.getUint16(at, true), at + 4 + extra.getUint16(at + 2, true)];
    at += 4;
    for (const field of id === 1 ? ["size", "packedSize", "headerOffset"] as const : []) {
      if (member[field] !== inZip64) continue;
      if (at + 8 > Math.min(end, extra.byteLength)) throw damaged();
      member[field] = uint64(extra, at);
      at += 8;
    }
    at = end;
  }
}

/** Inflates `packed`. Returns undefined if it is damaged or does not unpack to exactly `size` bytes. */
function inflated(packed: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> | undefined {
  try {
    // One byte more than expected, because inflateSync silently drops what does not fit.
    const bytes = inflateSync(packed, { out: allocate(size + 1) });
    return bytes.length === size ? bytes as Uint8Array<ArrayBuffer> : undefined;
  } catch (error) {
    if (error instanceof DataError) throw error;
    return undefined;
  }
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function uint64(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}

function damaged(): DataError {
  return new DataError("the archive is damaged: its directory cannot be read");
}
