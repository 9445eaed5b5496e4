/** Builds files of torch.save byte by byte: pickles from their operations, and the archives around them. */

import { deflateSync } from "fflate";
import { crc32 } from "../../src/io/crc32.ts";

export type Bytes = Uint8Array<ArrayBuffer>;
/** Text whose characters are bytes, byte values, or bytes. */
export type Part = string | readonly number[] | Uint8Array;

/** One array of all parts. */
export function joined(...parts: Part[]): Bytes {
  const arrays = parts.map((part) => {
    return typeof part === "string"
      ? Uint8Array.from(part, (each) => each.charCodeAt(0))
      : Uint8Array.from(part);
  });
  const result = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    result.set(array, at);
    at += array.length;
  }
  return result;
}

/** `count` times the same operations. */
export function times(count: number, ...parts: Part[]): Bytes {
  const once = joined(...parts);
  const all = new Uint8Array(count * once.length);
  for (let index = 0; index < count; index++) all.set(once, index * once.length);
  return all;
}

/** An unsigned little-endian integer of `size` bytes. */
export function integer(value: number, size: number): Bytes {
  return Uint8Array.from({ length: size }, (_, index) => Math.floor(value / 2 ** (8 * index)) % 256);
}

/** BINUNICODE. */
export function text(value: string): Bytes {
  const bytes = new TextEncoder().encode(value);
  return joined("X", integer(bytes.length, 4), bytes);
}

/** LONG1 of seven bytes, for numbers from 0 to 2⁵³. */
export function number(value: number): Bytes {
  return joined([0x8a, 8], integer(value, 7), [0]);
}

export function tuple(...items: Part[]): Bytes {
  return joined("(", ...items, "t");
}

/** GLOBAL; the name has the module before its last dot. */
export function global(name: string): Bytes {
  const dot = name.lastIndexOf(".");
  return joined("c", name.slice(0, dot), "\n", name.slice(dot + 1), "\n");
}

/** GLOBAL and REDUCE: a call. */
export function call(name: string, ...args: Part[]): Bytes {
  return joined(global(name), tuple(...args), "R");
}

/** A dict. */
export function dict(...items: [key: string, value: Part][]): Bytes {
  return joined("}(", ...items.flatMap(([key, value]) => [text(key), value]), "u");
}

/** A tensor over a storage. */
export function tensor(
  { key = "0", type = "FloatStorage", count = 6, offset = 0, shape = [2, 3], stride = [3, 1] }: {
    key?: string;
    type?: string;
    count?: number;
    offset?: number;
    shape?: readonly number[];
    stride?: readonly number[];
  } = {},
): Bytes {
  const storage = joined(
    tuple(text("storage"), global(`torch.${type}`), text(key), text("cpu"), number(count)),
    "Q",
  );
  const sizes = (values: readonly number[]) => tuple(...values.map(number));
  const hooks = call("collections.OrderedDict");
  return call(
    "torch._utils._rebuild_tensor_v2",
    storage,
    number(offset),
    sizes(shape),
    sizes(stride),
    [0x89],
    hooks,
  );
}

/** A whole pickle of protocol 2. */
export function pickle(...parts: Part[]): Bytes {
  return joined([0x80, 2], ...parts, ".");
}

/** A member of an archive, and what its records say of it if that is not the truth. */
export interface Member {
  name: string;
  content: Bytes;
  deflate?: boolean;
  /** Default: the real ones. */
  size?: number;
  packedSize?: number;
  checksum?: number;
  method?: number;
  /** The offset of the member's own header. */
  offset?: number;
}

/** A ZIP archive; `count` is what the directory says of its number of members. */
export function zip(members: readonly Member[], { count = members.length, comment = "" } = {}): Bytes {
  const parts: Bytes[] = [];
  const directory: Bytes[] = [];
  let at = 0;
  for (const { name, content, deflate = false, offset = at, ...says } of members) {
    const packed = deflate ? deflateSync(content) as Bytes : content;
    const { method = deflate ? 8 : 0, size = content.length, packedSize = packed.length } = says;
    const { checksum = crc32(content) } = says;
    const nameBytes = new TextEncoder().encode(name);
    const common = joined(
      integer(method, 2),
      integer(0, 4),
      integer(checksum, 4),
      integer(packedSize, 4),
      integer(size, 4),
      integer(nameBytes.length, 2),
      integer(0, 2),
    );
    const header = joined("PK\x03\x04", integer(20, 2), integer(0, 2), common, nameBytes);
    directory.push(
      joined(
        "PK\x01\x02",
        integer(20, 2),
        integer(20, 2),
        integer(0, 2),
        common,
        integer(0, 10),
        integer(offset, 4),
        nameBytes,
      ),
    );
    parts.push(header, packed);
    at += header.length + packed.length;
  }
  const central = joined(...directory);
  const end = joined(
    "PK\x05\x06",
    integer(0, 4),
    integer(count, 2),
    integer(count, 2),
    integer(central.length, 4),
    integer(at, 4),
    integer(comment.length, 2),
    comment,
  );
  return joined(...parts, central, end);
}

/** The numbers in storage "0" of the files here. */
export const six: Bytes = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer);

/** An archive as torch.save writes it, with one storage. */
export function torchZip(content: Bytes, storage: Bytes = six, more: readonly Member[] = []): Bytes {
  return zip([
    { name: "archive/data.pkl", content },
    { name: "archive/data/0", content: storage },
    ...more,
  ]);
}

/** The legacy format, with one storage. */
export function torchLegacy(
  content: Bytes,
  storage: Bytes = six,
  keys: readonly string[] = ["0"],
  count = 6,
): Bytes {
  const magic = joined([0x8a, 10], [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
  return joined(
    pickle(magic),
    pickle([0x4d], integer(1001, 2)),
    pickle("}"),
    content,
    pickle("](", ...keys.map(text), "e"),
    integer(count, 8),
    storage,
  );
}
