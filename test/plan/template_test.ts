import { assertEquals, assertThrows } from "@std/assert";
import { type Constants, expand } from "../../src/plan/template.ts";

function lines(source: string[], constants: Constants = {}): string[] {
  return expand("kernel", source.join("\n"), constants).split("\n");
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
    "kernel.wgsl:4: an end without its beginning",
  ],
  [
    "a word that is none",
    ["//: while true"],
    'kernel.wgsl:1: unknown directive "while"; expected for, if, else or end',
  ],
  ["a for that does not end", ["", "//: for i in 2", "x"], "kernel.wgsl:2: this for has no end"],
  ["an if that does not end", ["//: if true", "//: if true", "//: end"], "kernel.wgsl:1: this if has no end"],
  ["an unknown name", ["x", "${ROWS}"], "kernel.wgsl:2: ROWS: ROWS is not defined"],
  ["an unknown count", ["//: for i in ROWS", "//: end"], "kernel.wgsl:1: ROWS: ROWS is not defined"],
  ["an unknown condition", ["//: if WIDE", "//: end"], "kernel.wgsl:1: WIDE: WIDE is not defined"],
  ["an expression that is none", ["${1 +}"], "kernel.wgsl:1: 1 +: "],
  [
    "a count that is none",
    ["//: for i in NAME", "//: end"],
    "kernel.wgsl:1: NAME: expected a count, not tile",
  ],
];

for (const [what, source, message] of wrong) {
  Deno.test(`an error names kernel and line: ${what}`, () => {
    assertThrows(() => lines(source, { NAME: "tile" }), SyntaxError, message);
  });
}
