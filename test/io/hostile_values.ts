/** Values in pickles that cost work or memory. */

import { command } from "./hostile_calls.ts";
import { type HostileFile, marker } from "./hostile_kind.ts";
import {
  type Bytes,
  call,
  dict,
  global,
  integer,
  joined,
  number,
  type Part,
  tensor,
  text,
  times,
  tuple,
} from "./torch_builder.ts";

const long = "é".repeat(28_000);

/** Lists that each hold the one before twice. */
function doublings(count: number): Bytes {
  return joined("]q\x01", times(count, "0](h\x01h\x01eq\x01"));
}

/** Values of state dicts that cost work or memory; each is the value "a" beside the weights. */
export const beside: Record<string, [value: () => Part, must?: HostileFile["must"]]> = {
  "lists nested a million deep": [() => joined(times(1_000_000, "]"), times(999_999, "a"))],
  "tuples nested a million deep": [() => joined(")", times(1_000_000, [0x85]))],
  "dicts nested deep": [() => joined(times(100_000, "}", "K\x01"), "N", times(100_000, "s"))],
  "state dicts nested deep": [() => joined(times(50_000, "}", text("model")), "N", times(50_000, "s"))],
  "objects nested deep": [() => joined("N", times(100_000, [0x85], "q\x01", "0", global("a.B"), "h\x01R"))],
  "lists doubled a hundred times": [() => doublings(100)],
  "lists doubled a hundred thousand times": [() => doublings(100_000)],
  "a million empty dicts": [() => joined("](", times(1_000_000, "}"), "e"), "refuse"],
  "a million sets": [() => joined("](", times(1_000_000, [0x8f]), "e"), "refuse"],
  "four million numbers": [() => joined("](", times(4_000_000, "K\x01"), "e"), "refuse"],
  "a million floats": [() => joined("](", times(1_000_000, "G\x3f\xf0\0\0\0\0\0\0"), "e")],
  "a million byte strings": [() => joined("](", times(1_000_000, "C\0"), "e"), "refuse"],
  "a million large integers": [
    () => joined("](", times(1_000_000, [0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]), "e"),
    "refuse",
  ],
  "devices named by a long text": [
    () => joined(text(long), "q\x010](", times(200_000, "ctorch\ndevice\nh\x01", [0x85], "R0"), "e"),
  ],
  "sizes that are a long text": [() => joined(text(long), "q\x010", call("torch.Size", "h\x01")), "refuse"],
  "bytes of a long text": [
    () =>
      joined(
        text(long),
        "q\x010](",
        times(100_000, "c_codecs\nencode\nh\x01", text("latin1"), [0x86], "R0"),
        "e",
      ),
    "refuse",
  ],
  "names of a long text": [() => joined(text(long), "q\x010h\x01h\x01", [0x93]), "refuse"],
  "copies of a long list": [
    () =>
      joined(
        "](",
        times(100_000, "K\x01"),
        "e",
        [0x85],
        "q\x010](",
        times(1_000, "c__builtin__\nlist\nh\x01R0"),
        "e",
      ),
    "refuse",
  ],
  "copies of a long dict": [
    () =>
      joined(
        "}(",
        ...Array.from({ length: 1000 }, (_, index) => joined(number(index), "N")),
        "u",
        [0x85],
        "q\x010](",
        times(100_000, "ccollections\nOrderedDict\nh\x01R0"),
        "e",
      ),
    "refuse",
  ],
  "a list that holds itself": [() => "]q\x01h\x01a"],
  "a dict that holds itself": [() => joined("}q\x01", text("model"), "h\x01s")],
  "a tuple that holds itself": [() => "]q\x01h\x01\x85q\x02a"],
  "an object that holds itself": [() => joined(global("a.B"), ")Rq\x01", dict(["self", "h\x01"]), "b")],
  "a module that holds itself": [
    () => {
      const state = dict(["_parameters", "}"], ["_buffers", "}"], [
        "_modules",
        dict(["a", "h\x01"], ["b", "h\x01"]),
      ]);
      return joined(global("torch.nn.Module"), ")Rq\x01", state, "b");
    },
  ],
  "modules doubled thirty times": [
    () => {
      const level = (below: Part) => {
        const state = dict(["_parameters", dict(["w", "N"])], ["_buffers", "}"], [
          "_modules",
          dict(["a", below], ["b", below]),
        ]);
        return joined(global("torch.nn.Module"), ")R", state, "bq\x01");
      };
      return joined(
        ...Array.from(
          { length: 30 },
          (_, index) => joined(index > 0 ? "0" : "", level(index > 0 ? "h\x01" : "N")),
        ),
      );
    },
  ],
  "a hundred thousand state dicts": [
    () => {
      const items = Array.from({ length: 100_000 }, (_, index) => joined(text(`k${index}`), "h\x01"));
      return joined(tensor(), "q\x020", dict(["w", "h\x02"]), "q\x010}(", ...items, "u");
    },
  ],
  "keys of a thousand parts": [
    () => {
      const key = (index: number) => text("a.".repeat(20_000) + index);
      return joined(
        tensor(),
        "q\x020}(",
        ...Array.from({ length: 50 }, (_, index) => joined(key(index), "h\x02")),
        "u",
      );
    },
  ],
  "two hundred thousand tensors": [() => joined(times(200_000, tensor(), "0"), "N"), "refuse"],
  "tensors of 64 axes": [
    () => {
      const ones = Array.from({ length: 64 }, () => 1);
      return joined(times(40_000, tensor({ shape: ones, stride: ones }), "0"), "N");
    },
    "refuse",
  ],
  "a storage of 2⁵³ elements": [() => tensor({ key: "1", count: 2 ** 53 - 1 }), "refuse"],
  "an offset of 2⁵³": [() => tensor({ offset: 2 ** 53 - 1 }), "refuse"],
  "a stride of 2⁵³": [() => tensor({ stride: [2 ** 53 - 1, 1] }), "refuse"],
  "extents whose product is infinite": [
    () =>
      tensor({
        shape: Array.from({ length: 60 }, () => 2 ** 52),
        stride: Array.from({ length: 60 }, () => 0),
      }),
    "refuse",
  ],
  "two descriptions of a storage": [() => tensor({ type: "DoubleStorage" }), "refuse"],
  "an element repeated by strides of zero": [() => tensor({ shape: [2 ** 40], stride: [0] }), "refuse"],
  "an integer of a gigabyte": [() => joined([0x8b, 0, 0, 0, 0x40]), "refuse"],
  "a text of 4 GB": [() => joined("X", [0xff, 0xff, 0xff, 0xff]), "refuse"],
  "bytes of 8 EB": [() => joined([0x8e], integer(2 ** 52, 8)), "refuse"],
  "a function that rebuilds itself": [
    () =>
      joined(
        "(",
        global("torch._tensor._rebuild_from_type_v2"),
        "q\x01N]q\x02(h\x01Nh\x02Netq\x030h\x01h\x03R",
      ),
    "refuse",
  ],
  "a memo index of 2³²": [() => "Nr\xff\xff\xff\xff0j\xff\xff\xff\xff"],
  "a call of the result of a call": [
    () => joined(call("builtins.getattr", global("os.system"), text("a")), tuple(command), "R"),
  ],
  "attributes set on the weights' dict": [
    () => joined("h\x09", dict(["__class__", global("os.system")]), "b0N"),
  ],
  "an item named __proto__": [() => dict(["__proto__", dict(["polluted", "K\x01"])])],
  "extension registers": [() => [0x82, 1], "refuse"],
  "a persistent reference to a file": [() => joined(tuple(text("file"), text(marker)), "Q"), "refuse"],
  "the source code of a module": [
    () => joined(tuple(text("module"), global("a.B"), text("a.py"), text(`open("${marker}", "w")`)), "Q"),
  ],
};
