/** Archives and headers that are not what they seem, and views that cost work. */

import type { HostileFile } from "./hostile_kind.ts";
import {
  type Bytes,
  dict,
  integer,
  joined,
  pickle,
  six,
  tensor,
  text,
  times,
  torchZip,
  zip,
} from "./torch_builder.ts";

const weights = dict(["weight", tensor()]);

/** Weights whose tensors are views that cost work. All are refused, or are as large as the file may be. */
export function views(): HostileFile[] {
  const file = (name: string, must: HostileFile["must"], storage: number, make: () => Bytes): HostileFile => {
    return { name, must, make: () => torchZip(pickle(make()), new Uint8Array(storage)) };
  };
  const many = (count: number, one: Parameters<typeof tensor>[0]) => {
    return joined(
      "}(",
      ...Array.from({ length: count }, (_, index) => joined(text(`w${index}`), tensor(one))),
      "u",
    );
  };
  const bytes = { type: "ByteStorage", count: 2 ** 20 };
  return [
    file(
      "5000 overlapping views",
      "refuse",
      2 ** 20,
      () => many(5000, { ...bytes, shape: [1000, 1000], stride: [1, 1] }),
    ),
    file(
      "5000 views of everything",
      "refuse",
      2 ** 20,
      () => many(5000, { ...bytes, shape: [2 ** 20], stride: [1] }),
    ),
    file(
      "60 transposed views",
      "end",
      2 ** 20,
      () => many(60, { ...bytes, shape: [1024, 1024], stride: [1, 1024] }),
    ),
    file("views with axes of one", "end", 2 ** 20, () => {
      const ones = Array.from({ length: 62 }, () => 1);
      return many(60, { ...bytes, shape: [1024, 1024, ...ones], stride: [1, 1024, ...ones] });
    }),
    file("views of twenty axes of two", "end", 2 ** 20, () => {
      const twos = Array.from({ length: 20 }, () => 2);
      return many(60, { ...bytes, shape: twos, stride: twos.map((_, axis) => 2 ** axis) });
    }),
    file(
      "an element repeated 60 million times",
      "end",
      2 ** 20,
      () => many(1, { ...bytes, shape: [6e7], stride: [0] }),
    ),
    file(
      "a view past the end",
      "refuse",
      2 ** 20,
      () => many(1, { ...bytes, offset: 2 ** 20, shape: [1], stride: [1] }),
    ),
    file("a storage that is too short", "refuse", 100, () => many(1, { ...bytes, shape: [1], stride: [1] })),
  ];
}

/** Archives that are not what they seem. */
export function archives(): HostileFile[] {
  const content = pickle(weights);
  const data = { name: "archive/data.pkl", content };
  const storage = { name: "archive/data/0", content: six };
  const file = (name: string, must: HostileFile["must"], make: () => Bytes) => ({
    name: `ZIP: ${name}`,
    must,
    make,
  });
  return [
    file(
      "a bomb as the pickle",
      "refuse",
      () => zip([{ ...data, content: new Uint8Array(1e8), deflate: true }, storage]),
    ),
    file(
      "a bomb as the storage",
      "refuse",
      () => zip([data, { ...storage, content: new Uint8Array(1e8), deflate: true }]),
    ),
    file("twenty bombs under the limit", "refuse", () => {
      const bomb = new Uint8Array(1e7);
      const names = Array.from({ length: 20 }, (_, index) => `${index}`);
      const tensors = names.map((key) => {
        return joined(text(key), tensor({ key, type: "ByteStorage", count: 1e6, shape: [1], stride: [1] }));
      });
      const members = names.map((key) => ({ name: `archive/data/${key}`, content: bomb, deflate: true }));
      return zip([{ ...data, content: pickle("}(", ...tensors, "u") }, ...members]);
    }),
    file("a bomb that says it is small", "refuse", () => {
      return zip([data, { ...storage, content: new Uint8Array(1e8), deflate: true, size: 24 }]);
    }),
    file(
      "a member that says it is large",
      "refuse",
      () => zip([data, { ...storage, deflate: true, size: 4e9 }]),
    ),
    file(
      "two members of one name",
      "refuse",
      () => zip([data, storage, { ...storage, content: new Uint8Array(24) }]),
    ),
    file("two pickles of one name", "refuse", () => zip([data, { ...data, content: pickle("N") }, storage])),
    file("a thousand members at one place", "refuse", () => {
      const names = Array.from({ length: 1000 }, (_, index) => `${index}`);
      const tensors = names.map((key) => {
        return joined(text(key), tensor({ key, type: "ByteStorage", count: 1e6, shape: [1], stride: [1] }));
      });
      const first = { name: "archive/data/0", content: new Uint8Array(1e6), offset: 0 };
      const members = names.map((key) =>
        key === "0" ? first : {
          ...first,
          name: `archive/data/${key}`,
          content: new Uint8Array(),
          size: 1e6,
          packedSize: 1e6,
        }
      );
      return zip([...members, { ...data, content: pickle("}(", ...tensors, "u") }]);
    }),
    file("a wrong CRC-32 of the storage", "refuse", () => zip([data, { ...storage, checksum: 1 }])),
    file("a wrong CRC-32 of the pickle", "refuse", () => zip([{ ...data, checksum: 1 }, storage])),
    file("no CRC-32", "read", () => zip([{ ...data, checksum: 0 }, { ...storage, checksum: 0 }])),
    file("an unknown method", "refuse", () => zip([data, { ...storage, method: 99 }])),
    file("a stored member with two sizes", "refuse", () => zip([data, { ...storage, size: 23 }])),
    file("a member beyond the end", "refuse", () => zip([data, { ...storage, offset: 1e9 }])),
    file("a member at another's place", "refuse", () => zip([data, { ...storage, offset: 0 }])),
    file("fewer members than it says", "refuse", () => zip([data, storage], { count: 10_000 })),
    file("more members than it says", "refuse", () => zip([data, storage], { count: 1 })),
    file("the end of an archive in its comment", "end", () => {
      return zip([data, storage], { comment: `PK\x05\x06${"\0".repeat(18)}` });
    }),
    file("members outside of the folder", "read", () => {
      return zip([data, storage, { name: "../../evil", content: six }, {
        name: "/etc/passwd",
        content: six,
      }]);
    }),
    file("a storage outside of the folder", "refuse", () => {
      return zip([
        { ...data, content: pickle(dict(["weight", tensor({ key: "../../../etc/passwd" })])) },
        storage,
      ]);
    }),
    file("no pickle", "refuse", () => zip([storage])),
    file("a byte order of a megabyte", "read", () => {
      return zip([data, storage, { name: "archive/byteorder", content: new Uint8Array(1e6), deflate: true }]);
    }),
    file("ten thousand empty members", "read", () => {
      const more = Array.from(
        { length: 10_000 },
        (_, index) => ({ name: `${index}`, content: new Uint8Array() }),
      );
      return zip([data, storage, ...more]);
    }),
    file("only the end of an archive", "refuse", () => joined("PK\x03\x04", zip([]))),
    file("a directory of zip64 at 2⁶³", "refuse", () => {
      const end = joined("PK\x06\x07", integer(0, 4), times(8, [0xff]), integer(1, 4));
      return joined("PK\x03\x04", end, "PK\x05\x06", times(16, [0xff]), [0, 0]);
    }),
  ];
}

/** Headers of safetensors files. */
export function headers(): HostileFile[] {
  const file = (
    name: string,
    must: HostileFile["must"],
    header: () => string,
    size = 24,
    length?: number,
  ) => ({
    name: `safetensors: ${name}`,
    must,
    make: () => {
      const bytes = new TextEncoder().encode(header());
      return joined(integer(length ?? bytes.length, 8), bytes, six.subarray(0, size));
    },
  });
  const entry = '"weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}';
  return [
    file("metadata that are null", "read", () => `{"__metadata__":null,${entry}}`),
    file("two tensors in one place", "refuse", () => `{${entry},${entry.replace("weight", "other")}}`),
    file("a key twice", "refuse", () => `{${entry},${entry}}`),
    file(
      "a shape of 2⁵³",
      "refuse",
      () => `{${entry.replace("[2,3]", "[9007199254740991,9007199254740991]")}}`,
    ),
    file("a header of 2⁶²", "refuse", () => `{${entry}}`, 24, 2 ** 52),
    file("brackets nested deep", "refuse", () => `{"a":${"[".repeat(1e6)}`),
    file("a million keys of metadata", "refuse", () => {
      const items = Array.from({ length: 1e6 }, (_, index) => `"${index}":"a"`);
      return `{"__metadata__":{${items.join()}}}`;
    }),
    file("ten million spaces", "read", () => `{${entry}}${" ".repeat(1e7)}`),
    file("two hundred thousand empty tensors", "end", () => {
      const empty = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
      return `{${Array.from({ length: 200_000 }, (_, index) => `"${index}":${empty}`).join()},${entry}}`;
    }),
    file("a tensor named __proto__", "end", () => `{${entry.replace("weight", "__proto__")}}`),
  ];
}
