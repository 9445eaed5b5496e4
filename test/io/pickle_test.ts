/** The pickle reader: values, damaged pickles, and hostile ones. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { ByteReader } from "../../src/io/byte_reader.ts";
import { memorySource } from "../../src/io/byte_source.ts";
import { unpickle } from "../../src/io/pickle.ts";
import { OpaqueObject, type PickleHooks } from "../../src/io/pickle_machine.ts";
import { TorchObjects } from "../../src/io/torch_objects.ts";

/** A pickle of text and byte values; each character becomes one byte. */
function program(...parts: (string | number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => {
    return typeof part === "string" ? Array.from(part, (character) => character.charCodeAt(0)) : [...part];
  }));
}

function run(bytes: Uint8Array<ArrayBuffer>, hooks: PickleHooks = new TorchObjects(1e6)): unknown {
  return unpickle(new ByteReader(memorySource(bytes)), hooks);
}

const rebuild = "ctorch._utils\n_rebuild_tensor_v2\n";
const storage = "(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x04tQ";

Deno.test("unpickle: reads numbers of all widths", () => {
  assertEquals(run(program("K\xff.")), 255);
  assertEquals(run(program("M\xff\xff.")), 65535);
  assertEquals(run(program("J\xfe\xff\xff\xff.")), -2);
  assertEquals(run(program([0x8a, 2, 0xff, 0x7f], ".")), 32767);
  assertEquals(run(program([0x8a, 1, 0x80], ".")), -128);
  assertEquals(run(program([0x8a, 0], ".")), 0);
  assertEquals(run(program([0x8b, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], ".")), 2n ** 64n);
  assertEquals(run(program("G\x3f\xf8\0\0\0\0\0\0.")), 1.5);
  assertEquals(run(program("(I01\nI00\nI-7\nL123456789012345678901234L\nt.")), [
    true,
    false,
    -7,
    123456789012345678901234n,
  ]);
});

Deno.test("unpickle: reads one pickle and stops at its end", () => {
  const reader = new ByteReader(memorySource(program("K\x01.K\x02.")));
  const hooks = new TorchObjects(0);
  assertEquals([unpickle(reader, hooks), reader.position, unpickle(reader, hooks)], [1, 3, 2]);
});

Deno.test("unpickle: a list may contain itself", () => {
  const list = run(program("]q\0h\0a.")) as unknown[];
  assert(list[0] === list);
});

const refused: Record<string, [pickle: Uint8Array<ArrayBuffer>, words: string]> = {
  "a name that is a number": [program("K\x01K\x02", [0x93], "."), "a name is not text"],
  "a name that is a list nested a hundred thousand deep": [
    program("]".repeat(100000), [0x85], "K\x01", [0x93], "."),
    "a name is not text",
  ],
  "a name of a thousand characters": [
    program("c", "a".repeat(600), "\n", "b".repeat(600), "\n."),
    "a name is too long",
  ],
  "the instance operations of protocol 0": [program("(ios\nsystem\n."), "operation 0x69 is unknown"],
  "extension registers": [program([0x82, 1], "."), "operation 0x82 is unknown"],
  "nothing at all": [program("."), "a value is missing"],
  "an empty file": [program(""), "cut short"],
  "no end": [program("K\x01"), "cut short"],
  "an unknown operation": [program([0xff], "."), "operation 0xff is unknown"],
  "an unknown protocol": [program([0x80, 9], "N."), "protocol 9"],
  "a missing mark": [program("K\x01t."), "a mark is missing"],
  "values taken from below a mark": [program("K\x01K\x02(R."), "a value is missing"],
  "an empty memo": [program("h\x05."), "the memo has no entry 5"],
  "an item for a number": [program("K\x01K\x02K\x03s."), "not a dict"],
  "an append to a dict": [program("}K\x01a."), "not a list"],
  "an odd number of items": [program("(K\x01K\x02K\x03d."), "a key without a value"],
  "a call of a number": [program("K\x01)R."), "a call is malformed"],
  "a call without a tuple": [program("ccollections\nOrderedDict\nK\x01R."), "a call is malformed"],
  "text longer than the file": [program("X\xff\xff\xff\xffabc."), "4294967295 bytes are expected"],
  "text longer than all memory": [
    program([0x8d], "\xff\xff\xff\xff\xff\xff\xff\x7fabc."),
    "it states a count of 9223372036854776000",
  ],
  "an integer of a gigabyte": [program([0x8b, 0, 0, 0, 0x40], "\0."), "an integer of 1073741824 bytes"],
  "an integer of a kilobyte": [
    program([0x8b, 0, 4, 0, 0], "\0".repeat(1024), "."),
    "an integer of 1024 bytes",
  ],
  "an endless line": [program("c", "a".repeat(10000)), "a line that does not end"],
  "an integer spelled as a word": [program("Ifive\n."), '"five" is not an integer'],
  "millions of dicts": [program("}".repeat(4_000_001), "."), "more than 4000000 steps"],
  "a reference to something else": [program("(U\x06moduleU\x05classtQ."), "refers to module"],
  "a reference to a storage of an unknown type": [
    program("(U\x07storagecevil\nFloatStorage\nU\x010U\x03cpuK\x04tQ."),
    "unknown element type",
  ],
  "a reference that is a number": [program("K\x01Q."), "is 1, not a list"],
  "a tensor without a storage": [program(rebuild, "(K\x01K\0)", ")tR."), "a tensor has no storage"],
  "a tensor past its storage": [
    program(rebuild, "(", storage, "K\x01K\x04", [0x85], "K\x01", [0x85], "tR."),
    "shape [4] reaches past the 4 elements",
  ],
  "a tensor with a negative extent": [
    program(rebuild, "(", storage, "K\0J\xff\xff\xff\xff", [0x85], "K\x01", [
      0x85,
    ], "tR."),
    "shape is -1",
  ],
  "a tensor with a negative stride": [
    program(rebuild, "(", storage, "K\0K\x02", [0x85], "J\xff\xff\xff\xff", [
      0x85,
    ], "tR."),
    "stride is -1",
  ],
  "a tensor with a fractional offset": [
    program(
      rebuild,
      "(",
      storage,
      "G\x3f\xe0\0\0\0\0\0\0K\x01",
      [0x85],
      "K\x01",
      [0x85],
      "tR.",
    ),
    "offset is 0.5",
  ],
  "fewer strides than dimensions": [
    program(rebuild, "(", storage, "K\0K\x01", [0x85], ")tR."),
    "shape [1] has 0 strides",
  ],
  "a hundred dimensions": [
    program(rebuild, "(", storage, "K\0(", "K\x01".repeat(100), "tq\0h\0tR."),
    "has 100 dimensions",
  ],
  "a storage larger than its file": [
    program(
      "(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuJ\0\0\0\x7ftQ.",
    ),
    "more than 1000000 bytes",
  ],
  "a parameter that is not a tensor": [
    program("ctorch._utils\n_rebuild_parameter\n(K\x01K\x01Nt", "R."),
    "a parameter is not a tensor",
  ],
  "a tensor whose rebuild function is itself": [
    program(
      "(ctorch._tensor\n_rebuild_from_type_v2\nq\0N]q\x01(h\0Nh\x01Netq\x02h\x010h\0h\x02R.",
    ),
    "does not say how to rebuild it",
  ],
};

/** Calls that are recorded and not made, with the type of the object that stands for each. */
const opaque: Record<string, [pickle: Uint8Array<ArrayBuffer>, type: string]> = {
  "os.system": [program("cos\nsystem\n(U\x04truetR."), "os.system"],
  "os.system by STACK_GLOBAL": [
    program([0x80, 4, 0x8c, 2], "os", [0x8c, 6], "system", [0x93], ")R."),
    "os.system",
  ],
  "os.system by OBJ": [program("(cos\nsystem\nU\x04trueo."), "os.system"],
  "os.system by NEWOBJ_EX": [program("cos\nsystem\n(U\x04truet}", [0x92], "."), "os.system"],
  "the result of getattr": [
    program("c__builtin__\ngetattr\n(cos\nsystem\nU\x08__call__tR(U\x04truetR."),
    "builtins.getattr",
  ],
  "eval": [program("c__builtin__\neval\n(U\x051 + 1tR."), "builtins.eval"],
  "a name that JavaScript objects inherit": [
    program("cconstructor\nconstructor\n)R."),
    "constructor.constructor",
  ],
  "a module named __proto__": [program("ctorch\n__proto__\n)R."), "torch.__proto__"],
  "a bare storage type that is called": [program("ctorch\nFloatStorage\n)R."), "FloatStorage"],
  "an object with attributes": [program("cargparse\nNamespace\n)R}U\x02lrK\x03sb."), "argparse.Namespace"],
  "an object with items": [program("cmy\nDict\n)R(U\x02lrK\x03u."), "my.Dict"],
  "an object of a list": [program("cmy\nList\n)R(U\x02lrK\x03eK\x01a."), "my.List"],
  "a list of an object": [program("c__builtin__\nlist\n(cbuiltins\niter\n)RtR."), "list"],
  "a parameter of a complex type": [
    program(
      "ctorch._utils\n_rebuild_parameter\n(",
      rebuild,
      "(",
      storage.replace("Float", "ComplexFloat"),
      "K\0)",
      ")tRtR.",
    ),
    "a tensor of ComplexFloatStorage",
  ],
};

for (const [what, [bytes, type]] of Object.entries(opaque)) {
  Deno.test(`unpickle: does not run, but records ${what}`, () => {
    const value = run(bytes);
    assert(value instanceof OpaqueObject);
    assertEquals(value.type, type);
  });
}

Deno.test("unpickle: an opaque object keeps its attributes and items", () => {
  const namespace = run(program("cargparse\nNamespace\n)R}U\x02lrK\x03sb.")) as OpaqueObject;
  assertEquals(namespace.state, new Map([["lr", 3]]));
  const dict = run(program("cmy\nDict\n)R(U\x02lrK\x03u.")) as OpaqueObject;
  assertEquals(dict.items, new Map([["lr", 3]]));
});

Deno.test("unpickle: reads bytearray, defaultdict, Counter and deque", () => {
  assertEquals(
    run(
      program("c__builtin__\nbytearray\n(X\x02\0\0\0\x01\xc3\xbfU\x07latin-1tR.".replace("X\x02", "X\x03")),
    ),
    Uint8Array.of(1, 255),
  );
  assertEquals(
    run(program("ccollections\ndefaultdict\n(c__builtin__\nlist\ntR(U\x01aK\x01u.")),
    new Map([["a", 1]]),
  );
  assertEquals(run(program("ccollections\nCounter\n(}U\x01aK\x01stR.")), new Map([["a", 1]]));
  assertEquals(run(program("ccollections\ndeque\n(]K\x05tR(K\x01K\x02e.")), [1, 2]);
});

for (const [what, [bytes, words]] of Object.entries(refused)) {
  Deno.test(`unpickle: refuses ${what}`, () => {
    const error = assertThrows(() => run(bytes), DataError, words);
    assert(error.message.length < 250 && !/[\n\r]/.test(error.message), error.message);
  });
}

Deno.test("unpickle: refuses endless copies of a list", () => {
  const thousand = program("](", "K\x01".repeat(1000), "e", [0x85], "q\0");
  const copies = program("0cbuiltins\nlist\nh\0R".repeat(5000), ".");
  const error = assertThrows(() => run(program(thousand, copies)), DataError);
  assert(error.message.includes("4000000 items"), error.message);
});

Deno.test("unpickle: refuses shapes of half a million dimensions quickly", () => {
  const long = program("(", "K\x01".repeat(500_000), "tq\x09");
  const start = performance.now();
  assertThrows(
    () => run(program(long, rebuild, "(", storage, "K\0h\x09h\x09tR.")),
    DataError,
    "500000 dimensions",
  );
  assert(performance.now() - start < 5000);
});
