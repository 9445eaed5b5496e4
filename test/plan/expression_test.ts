/** Expressions of the kernel template have JavaScript's precedence, associativity and results. */

import { assertEquals, assertThrows } from "@std/assert";
import { parseExpression, type Scope, type Value } from "../../src/plan/expression.ts";

const scope: Scope = { ROWS: 3, LANES: 8, r: 0, WIDE: true, SPLIT: false, NAME: "tile", EMPTY: "" };

/** What JavaScript itself computes. */
function byJavaScript(text: string): Value {
  return new Function(...Object.keys(scope), `return (${text});`)(...Object.values(scope));
}

/** Numbers of a seeded generator (multiplicative, modulo 2³¹ − 1), below `count`. */
function generator(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = state * 48271 % 2147483647;
    return Math.floor(state / 2147483647 * count);
  };
}

const operators = ["+", "-", "*", "/", "%", "<", ">", "<=", ">=", "===", "!==", "&&", "||"];
const values = ["0", "1", "7", "2.5", '"a"', "''", "true", "false", ...Object.keys(scope)];

/** A random expression: brackets stand only around some of its parts, so that precedence decides about the rest. */
function randomExpression(next: (count: number) => number, depth: number): string {
  const inner = () => randomExpression(next, depth - 1);
  const kind = depth === 0 ? 0 : next(9);
  if (kind <= 1) return values[next(values.length)]!;
  if (kind === 2) return `(${inner()})`;
  if (kind === 3) return `!${inner()}`;
  // A space, since "--" is another operator of JavaScript.
  if (kind === 4) return `- ${inner()}`;
  if (kind === 5) return `${inner()} ? ${inner()} : ${inner()}`;
  if (kind === 6) return `Math.${["floor", "ceil", "min", "max"][next(4)]}(${inner()}, ${inner()})`;
  return `${inner()}${next(2) ? " " : ""}${operators[next(operators.length)]}${
    next(2) ? " " : ""
  } ${inner()}`;
}

Deno.test("3000 generated expressions have JavaScript's results", () => {
  const next = generator(20261125);
  const operatorsSeen = new Set<string>();
  for (let made = 0; made < 3000; made++) {
    const text = randomExpression(next, 4);
    assertEquals(parseExpression(text)(scope), byJavaScript(text), text);
    for (const operator of operators) if (text.includes(` ${operator} `)) operatorsSeen.add(operator);
  }
  assertEquals(operatorsSeen.size, operators.length);
});

Deno.test("every pair of operators groups as in JavaScript", () => {
  for (const first of operators) {
    for (const second of operators) {
      for (const text of [`7 ${first} 2 ${second} 4`, `!7 ${first} -2 ${second} "4"`]) {
        assertEquals(parseExpression(text)(scope), byJavaScript(text), text);
      }
    }
  }
});

for (
  const text of [
    "1 - 2 - 3",
    "8 / 4 / 2",
    "8 / 4 * 2",
    "7 % 4 % 2",
    "1 + 2 * 3 - 4 / 2 % 5",
    "(1 + 2) * 3",
    "-2 * -3",
    "!0 === true",
    "1 < 2 === true",
    "0 || 2 && 3",
    "SPLIT ? 1 : WIDE ? 2 : 3",
    "WIDE ? SPLIT ? 1 : 2 : 3",
    "NAME + ROWS * 2 + '_'",
    "'a > b' + \"c ? d\"",
    "Math.floor(LANES / ROWS)",
    "Math.min(ROWS, LANES, 2 + 3) + Math.max(1) * Math.ceil(0.5)",
  ]
) {
  Deno.test(`as in JavaScript: ${text}`, () =>
    assertEquals(parseExpression(text)(scope), byJavaScript(text)));
}

Deno.test("an operand that does not decide is not evaluated", () => {
  assertEquals(parseExpression("SPLIT && UNKNOWN")(scope), false);
  assertEquals(parseExpression("WIDE || UNKNOWN")(scope), true);
  assertEquals(parseExpression("WIDE ? 1 : UNKNOWN")(scope), 1);
});

Deno.test("a name without a value is an error, also one that every object has", () => {
  assertThrows(() => parseExpression("UNKNOWN + 1")(scope), ReferenceError, "UNKNOWN is not defined");
  assertThrows(() => parseExpression("toString")(scope), ReferenceError, "toString is not defined");
  assertThrows(() => parseExpression("NAME.length")(scope), ReferenceError, "NAME.length is not defined");
});

for (
  const [text, message] of [
    ["", "the expression ends where a value is expected"],
    ["1 +", "the expression ends where a value is expected"],
    ["!", "the expression ends where a value is expected"],
    ["1 2", 'unexpected "2"'],
    ["4u", 'unexpected "u"'],
    ["1 + * 2", 'expected a value, not "*"'],
    ["()", 'expected a value, not ")"'],
    ["(1", 'expected ")" at the end'],
    ["(1 2)", 'expected ")", not "2"'],
    ["1)", 'unexpected ")"'],
    ["A ? 1", 'expected ":" at the end'],
    ["A ? 1, 2", 'expected ":", not ","'],
    ["A = 1", 'unexpected "="'],
    ["A == 1", 'unexpected "="'],
    ["A & B", 'unexpected "&"'],
    ["A[0]", 'unexpected "["'],
    ['"open', 'unexpected """'],
    ["Math.min(1, )", 'expected a value, not ")"'],
    ["Math.min(1", 'expected ")" at the end'],
    ["Math.min()", 'expected a value, not ")"'],
    ["Math.sin(1)", "Math.sin is not one of Math.ceil, Math.floor, Math.max, Math.min"],
    ["A(1)", "A is not one of Math.ceil, Math.floor, Math.max, Math.min"],
  ] as const
) {
  Deno.test(`not an expression: ${text || "nothing"}`, () => {
    assertThrows(() => parseExpression(text), SyntaxError, message);
  });
}
