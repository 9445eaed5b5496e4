/** The template language of the kernels: directives, parts, and where its errors point. */

import { assertEquals, assertThrows } from "@std/assert";
import type { Kernel } from "../../src/graph/lowering.ts";
import { type Constants, expand, sourcesOf } from "../../src/plan/template.ts";

function lines(source: string[], constants: Constants = {}, parts?: Kernel["parts"]): string[] {
  return expand({ name: "kernel", source: source.join("\n"), parts }, constants).split("\n");
}

Deno.test("text without directives stays as it is, comments and empty lines too", () => {
  const source = [
    "// a comment",
    "",
    "let x = 1; // : not a directive",
    "  //: if A",
    "  a",
    "  //: end",
    "$ { }",
  ];
  assertEquals(lines(source, { A: true }), [...source.slice(0, 3), "  a", "$ { }"]);
});

Deno.test("expressions are over constants, and several may stand in a line", () => {
  assertEquals(
    lines(["array<vec4f, ${ROWS * 4 + 1}> ${NAME}_${Math.floor(ROWS / 2)};"], { ROWS: 3, NAME: "tile" }),
    ["array<vec4f, 13> tile_1;"],
  );
  assertEquals(lines(["${CODE}"], { CODE: "value = max(value, vec4f());\n  value *= 2;" }), [
    "value = max(value, vec4f());",
    "  value *= 2;",
  ]);
});

Deno.test("for repeats its lines with the counter in scope", () => {
  assertEquals(lines(["//: for row in ROWS", "s${row}", "//: end", "t"], { ROWS: 3 }), [
    "s0",
    "s1",
    "s2",
    "t",
  ]);
  assertEquals(lines(["//: for row in 0", "s${row}", "//: end"]), [""]);
  assertEquals(lines(["//: for r in LANES / 2", "${r * LANES}", "//: end"], { LANES: 4 }), ["0", "4"]);
});

Deno.test("loops nest, inner counts may use outer counters, and a counter hides a constant of its name", () => {
  const source = ["//: for i in 3", "//: for j in i", "${i}${j}", "//: end", "//: end", "${i}"];
  assertEquals(lines(source, { i: "outside" }), ["10", "20", "21", "outside"]);
});

Deno.test("if keeps one branch", () => {
  const source = ["//: if WIDE", "wide", "//: else", "narrow", "//: end"];
  assertEquals(lines(source, { WIDE: true }), ["wide"]);
  assertEquals(lines(source, { WIDE: false }), ["narrow"]);
  assertEquals(lines(["//: if !WIDE && ROWS > 2", "x", "//: end"], { WIDE: false, ROWS: 3 }), ["x"]);
  assertEquals(lines(["//: if ROWS > 2", "x", "//: end", "y"], { ROWS: 1 }), ["y"]);
});

Deno.test("if, else and for stand within one another", () => {
  const source = [
    "//: for i in 3",
    "  //: if i % 2",
    "odd ${i}",
    "  //: else",
    "    //: for j in 2",
    "even ${i}.${j}",
    "    //: end",
    "  //: end",
    "//: end",
  ];
  assertEquals(lines(source), ["even 0.0", "even 0.1", "odd 1", "even 2.0", "even 2.1"]);
});

Deno.test("what is not taken is not evaluated", () => {
  assertEquals(lines(["//: if false", "${UNKNOWN}", "//: end", "x"]), ["x"]);
});

Deno.test("the same expression means other things where other names are in scope", () => {
  assertEquals(lines(["${A + B}"], { A: 1, B: 2 }), ["3"]);
  assertEquals(lines(["${A + B}"], { B: "b", A: "a" }), ["ab"]);
  assertEquals(lines(["${A + B}"], { A: 5, B: 6 }), ["11"]);
});

Deno.test("use inserts a part without the comment at its top", () => {
  const parts = { sum: "// Adds up.\n// In order.\nvar sum = 0.0;\n// Stays.\n\n" };
  assertEquals(lines(["a", "  //: use sum", "b"], {}, parts), ["a", "var sum = 0.0;", "// Stays.", "b"]);
});

Deno.test("a part knows constants, counters and its arguments, and has directives of its own", () => {
  const parts = { load: "//: if WIDE\nlet ${to}${r} = ${from};\n//: else\nnone\n//: end" };
  const source = ["//: for r in 2", "//: use load with to = value; from = x[${r} + 1]", "//: end", "${to}"];
  assertEquals(lines(source, { WIDE: true, to: "outside" }, parts), [
    "let value0 = x[0 + 1];",
    "let value1 = x[1 + 1];",
    "outside",
  ]);
  assertEquals(lines(["//: use load with to = a; from = b"], { WIDE: false }, parts), ["none"]);
});

Deno.test("an argument that is one expression keeps its type, every other argument is text", () => {
  const parts = { count: "//: for i in count\n${i}\n//: end", text: "${text + 1}" };
  assertEquals(lines(["//: use count with count = ${ROWS - 1}"], { ROWS: 3 }, parts), ["0", "1"]);
  assertEquals(lines(["//: use text with text = 4"], {}, parts), ["41"]);
  assertEquals(lines(["//: use text with text ="], {}, parts), ["1"]);
});

Deno.test("a default stands for an argument that is not given, whatever the name means outside", () => {
  const parts = { load: "//: default to = value\n//: default from = x[${r}]\nlet ${to} = ${from};" };
  assertEquals(
    lines(
      ["//: for r in 1", "//: use load", "//: use load with to = a", "//: end", "//: use load with from = y"],
      { to: "b" },
      parts,
    ),
    [
      "let value = x[0];",
      "let a = x[0];",
      "let value = y;",
    ],
  );
});

Deno.test("parts use parts", () => {
  const parts = { outer: "(\n//: use inner with value = ${value}!\n)", inner: "${value}", other: "" };
  assertEquals(lines(["//: use outer with value = a"], {}, parts), ["(", "a!", ")"]);
});

Deno.test("a kernel's sources are its own and those of the parts that it uses", () => {
  const parts = { outer: "//: use inner", inner: "b", other: "c" };
  assertEquals(sourcesOf({ name: "kernel", source: "//: use outer", parts }).toSorted(), [
    "//: use inner",
    "//: use outer",
    "b",
  ]);
  assertEquals(sourcesOf({ name: "kernel", source: "a" }), ["a"]);
});

const parts = {
  good: "// A part.\n\n${SIZE}",
  broken: "// A part.\n\n${1 +}",
  open: "x\n//: if true",
  again: "//: use turn",
  turn: "//: use again",
};

const wrong: [string, string[], string][] = [
  [
    "a loop without a count",
    ["x", "//: for row"],
    'kernel.wgsl:2: expected "for NAME in COUNT", not "for row"',
  ],
  ["an else by itself", ["//: else", "//: end"], "kernel.wgsl:1: an else without its if"],
  [
    "an else within a for",
    ["//: if true", "//: for i in 2", "//: else", "//: end", "//: end"],
    "kernel.wgsl:3: an else without its if",
  ],
  [
    "an end too many",
    ["//: if true", "//: end", "", "//: end"],
    "kernel.wgsl:4: an end without its for or if",
  ],
  [
    "a word that is none",
    ["//: while true"],
    'kernel.wgsl:1: unknown directive "while"; expected for, if, else, end, use or default',
  ],
  ["a for that does not end", ["", "//: for i in 2", "x"], "kernel.wgsl:2: this for has no end"],
  ["an if that does not end", ["//: if true", "//: if true", "//: end"], "kernel.wgsl:1: this if has no end"],
  ["an unknown name", ["x", "${ROWS}"], "kernel.wgsl:2: ROWS: ROWS is not defined"],
  ["an unknown count", ["//: for i in ROWS", "//: end"], "kernel.wgsl:1: ROWS: ROWS is not defined"],
  ["an unknown condition", ["//: if WIDE", "//: end"], "kernel.wgsl:1: WIDE: WIDE is not defined"],
  [
    "an expression that is none",
    ["${1 +}"],
    "kernel.wgsl:1: 1 +: the expression ends where a value is expected",
  ],
  [
    "an expression that is none, in a branch that is not taken",
    ["//: if false", "${4u}", "//: end"],
    "kernel.wgsl:2: 4u: ",
  ],
  ["a count that is no expression", ["//: for i in 2 3", "//: end"], 'kernel.wgsl:1: 2 3: unexpected "3"'],
  ["a condition that is no expression", ["//: if", "//: end"], "kernel.wgsl:1: : the expression ends"],
  [
    "a count that is none",
    ["//: for i in NAME", "//: end"],
    "kernel.wgsl:1: NAME: expected a count, not tile",
  ],
  ["an unknown part", ["", "//: use no_such"], "kernel.wgsl:2: kernel has no part no_such"],
  [
    "a use without a part",
    ["//: use"],
    'kernel.wgsl:1: expected "use PART" or "use PART with NAME = TEXT; …", not "use "',
  ],
  ["an argument without a value", ["//: use good with a"], 'kernel.wgsl:1: expected "NAME = TEXT", not "a"'],
  ["a default outside of a part", ["//: default a = 1"], "kernel.wgsl:1: a default outside of a part"],
  [
    "an argument whose expression is wrong",
    ["", "//: use good with SIZE = ${ROWS}"],
    "kernel.wgsl:2: ROWS: ROWS is not defined",
  ],
  [
    "a part with an unknown name",
    ["", "//: use good"],
    "parts/good.wgsl:3, used by kernel.wgsl:2: SIZE: SIZE is not defined",
  ],
  ["a part with a wrong expression", ["//: use broken"], "parts/broken.wgsl:3, used by kernel.wgsl:1: 1 +: "],
  [
    "a part with an open if",
    ["//: use open"],
    "parts/open.wgsl:2, used by kernel.wgsl:1: this if has no end",
  ],
  [
    "a part that uses itself",
    ["//: use again"],
    "parts/turn.wgsl:1, used by parts/again.wgsl:1, used by kernel.wgsl:1: the part again uses itself",
  ],
];

for (const [what, source, message] of wrong) {
  Deno.test(`an error names kernel and line: ${what}`, () => {
    assertThrows(() => lines(source, { NAME: "tile" }, parts), SyntaxError, message);
  });
}
