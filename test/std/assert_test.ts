/** The assertions: which values pass, and how failures read. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertExists,
  assertGreater,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";

/** The message with which `check` fails. It does not use the assertions that are tested here. */
async function failureOf(check: () => unknown): Promise<string> {
  try {
    await check();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error(`did not fail: ${check}`);
}

const passing: Record<string, () => unknown> = {
  "NaN equals NaN": () => assertEquals(NaN, NaN),
  "typed arrays by content": () => assertEquals(new Float32Array([1, NaN]), new Float32Array([1, NaN])),
  "a view into a larger buffer": () =>
    assertEquals(new Uint8Array([1, 2, 3]).subarray(1), new Uint8Array([2, 3])),
  "maps by content": () => assertEquals(new Map([["a", [1]]]), new Map([["a", [1]]])),
  "nested objects": () => assertEquals({ a: [{ b: 1 }] }, { a: [{ b: 1 }] }),
  "different values differ": () => assertNotEquals([1], [2]),
  "the same object": () => assertStrictEquals(Deno, Deno),
  "almost, within the tolerance": () => assertAlmostEquals(1.05, 1, 0.1),
  "almost, by default": () => assertAlmostEquals(1e9 + 1, 1e9),
  "almost, infinite": () => assertAlmostEquals(Infinity, Infinity, 0),
  "greater and less": () => (assertGreater(2, 1), assertLess(1, 2)),
  "zero exists": () => assertExists(0),
  "includes and matches": () => (assertStringIncludes("abc", "b"), assertMatch("abc", /^a/)),
  "does not match": () => assertNotMatch("abc", /^b/),
};

const failing: Record<string, [check: () => unknown, message: string]> = {
  "fail": [() => fail("enough"), "enough"],
  "falsy": [() => assert(0, "zero"), "zero"],
  "0 and -0": [() => assertEquals(0, -0), "-0"],
  "arrays of two types": [
    () => assertEquals<ArrayBufferView>(new Float32Array(2), new Float64Array(2)),
    "Expected Float64Array(2), got Float32Array(2)",
  ],
  "typed arrays": [
    () => assertEquals(new Float32Array([1, 2, 3]), new Float32Array([1, 5, 6]), "weights"),
    "weights: 2 of 3 elements differ, the first at [1]: got 2, expected 5",
  ],
  "maps": [() => assertEquals(new Map([["a", 1]]), new Map([["a", 2]])), "2"],
  "an undefined member": [() => assertEquals<object>({ a: undefined }, {}), "undefined"],
  "equal values": [() => assertNotEquals([1], [1]), "differ"],
  "two objects": [() => assertStrictEquals({}, {}), "same value"],
  "not quite": [() => assertAlmostEquals(1.2, 1, 0.1), "within 0.1 of 1"],
  "almost NaN": [() => assertAlmostEquals(NaN, 1, 10), "NaN"],
  "not greater": [() => assertGreater(1, 1), "1 > 1"],
  "not less": [() => assertLess(1, 1), "1 < 1"],
  "missing": [() => assertExists(null), "null"],
  "not included": [() => assertStringIncludes("abc", "d"), "'abc' to contain 'd'"],
  "not matched": [() => assertMatch("abc", /d/), "/d/"],
  "matched": [() => assertNotMatch("abc", /a/), "/a/"],
  "another class": [() => assertInstanceOf(new Date(), Map), "instance of Map"],
  "nothing thrown": [() => assertThrows(() => 1), "to throw"],
  "thrown, of another class": [() => assertThrows(() => fail("x"), RangeError), "RangeError"],
  "thrown, with another message": [() => assertThrows(() => fail("x"), Error, "y"), "'y'"],
  "not rejected": [() => assertRejects(() => Promise.resolve()), "to be rejected"],
  "rejected with another class": [
    () => assertRejects(() => Promise.reject(new Error("x")), RangeError),
    "RangeError",
  ],
  "thrown instead of rejected": [
    () =>
      assertRejects(() => {
        throw new Error("early");
      }),
    "early",
  ],
};

for (const [name, check] of Object.entries(passing)) Deno.test(`assert passes: ${name}`, () => void check());

for (const [name, [check, message]] of Object.entries(failing)) {
  Deno.test(`assert fails: ${name}`, async () => {
    const actual = await failureOf(check);
    if (!actual.includes(message)) throw new Error(`"${actual}" does not say "${message}"`);
  });
}

Deno.test("assertThrows and assertRejects return the error", async () => {
  const error = new RangeError("too large");
  const thrown: RangeError = assertThrows(
    () => {
      throw error;
    },
    RangeError,
    "large",
  );
  assertStrictEquals(thrown, error);
  assertStrictEquals(await assertRejects(() => Promise.reject(error), RangeError, "large"), error);
});
