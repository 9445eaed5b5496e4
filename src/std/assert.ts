/**
 * The assertions of `@std/assert` that this project uses, implemented with Node's. Tests are written as for the
 * standard library, but nothing has to be fetched from its registry. Names, arguments and meaning are the standard
 * library's; only the messages differ.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(new Float32Array([1, NaN]), new Float32Array([1, NaN]));
 * assertThrows(() => JSON.parse("{"), SyntaxError, "JSON");
 * ```
 *
 * @module
 */
import { AssertionError, deepStrictEqual } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";

export { AssertionError };

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...parameters: any[]) => E;

/** Fails with `message`. */
export function fail(message?: string): never {
  throw new AssertionError({ message: message ?? "Failed" });
}

/** Fails unless `condition` is truthy. */
export function assert(condition: unknown, message = "Expected a truthy value"): asserts condition {
  if (!condition) fail(message);
}

/** Fails if `actual` is null or undefined. */
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  if (actual === null || actual === undefined) fail(explain(message, `Expected a value, got ${actual}`));
}

/**
 * Fails unless both values are deeply equal. Types must match; NaN equals NaN, and 0 differs from -0. Maps, Sets and
 * arrays are compared by content.
 */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  if (isTypedArray(actual) && isTypedArray(expected)) {
    fail(explain(message, firstDifference(actual, expected)));
  }
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    fail(explain(message, (error as Error).message));
  }
  fail(explain(message, "Values are not equal"));
}

/** Fails if both values are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  if (isDeepStrictEqual(actual, expected)) {
    fail(explain(message, `Expected values to differ, both are ${show(actual)}`));
  }
}

/** Fails unless `Object.is(actual, expected)`. */
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T {
  if (!Object.is(actual, expected)) {
    fail(explain(message, `Expected the same value: ${show(actual)} is not ${show(expected)}`));
  }
}

/** Fails unless |actual − expected| ≤ tolerance. The default tolerance is one ten-millionth of `expected`. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance = Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7,
  message?: string,
): void {
  if (Object.is(actual, expected) || Math.abs(actual - expected) <= tolerance) return;
  fail(
    explain(
      message,
      `Expected ${actual} to be within ${tolerance} of ${expected}, it is ${actual - expected} off`,
    ),
  );
}

/** Fails unless `actual` is greater than `expected`. */
export function assertGreater<T>(actual: T, expected: T, message?: string): void {
  if (!(actual > expected)) fail(explain(message, `Expected ${show(actual)} > ${show(expected)}`));
}

/** Fails unless `actual` is less than `expected`. */
export function assertLess<T>(actual: T, expected: T, message?: string): void {
  if (!(actual < expected)) fail(explain(message, `Expected ${show(actual)} < ${show(expected)}`));
}

/** Fails unless `actual` is an instance of `expectedClass`. */
export function assertInstanceOf<E>(
  actual: unknown,
  // deno-lint-ignore no-explicit-any
  expectedClass: abstract new (...parameters: any[]) => E,
  message?: string,
): asserts actual is E {
  if (!(actual instanceof expectedClass)) {
    fail(explain(message, `Expected an instance of ${expectedClass.name}, got ${show(actual)}`));
  }
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  if (!actual.includes(expected)) {
    fail(explain(message, `Expected ${show(actual)} to contain ${show(expected)}`));
  }
}

/** Fails unless `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  if (!expected.test(actual)) fail(explain(message, `Expected ${show(actual)} to match ${expected}`));
}

/** Fails if `actual` matches `expected`. */
export function assertNotMatch(actual: string, expected: RegExp, message?: string): void {
  if (expected.test(actual)) fail(explain(message, `Expected ${show(actual)} not to match ${expected}`));
}

/**
 * Fails unless `fn` throws and, if given, the error is an `errorClass` whose message contains `messageIncludes`.
 *
 * @returns the error
 */
export function assertThrows(fn: () => unknown, message?: string): unknown;
/** Fails unless `fn` throws an `errorClass` whose message, if given, contains `messageIncludes`. Returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
  message?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  errorClass?: ErrorClass<Error> | string,
  messageIncludes?: string,
  message?: string,
): unknown {
  try {
    fn();
  } catch (error) {
    return checkError(error, errorClass, messageIncludes, message);
  }
  fail(explain(typeof errorClass === "string" ? errorClass : message, "Expected the function to throw"));
}

/**
 * Fails unless `fn` returns a promise that is rejected and, if given, the error is an `errorClass` whose message
 * contains `messageIncludes`. A function that throws before it returns a promise fails, too.
 *
 * @returns the error
 */
export function assertRejects(fn: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
  message?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<Error> | string,
  messageIncludes?: string,
  message?: string,
): Promise<unknown> {
  const ownMessage = typeof errorClass === "string" ? errorClass : message;
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    fail(explain(ownMessage, `Expected a rejected promise, but the function threw ${show(error)}`));
  }
  try {
    await promise;
  } catch (error) {
    return checkError(error, errorClass, messageIncludes, message);
  }
  fail(explain(ownMessage, "Expected the promise to be rejected"));
}

function checkError(
  error: unknown,
  errorClass: ErrorClass<Error> | string | undefined,
  messageIncludes: string | undefined,
  message: string | undefined,
): unknown {
  if (typeof errorClass !== "function") return error;
  assertInstanceOf(error, errorClass, message);
  if (messageIncludes !== undefined) assertStringIncludes(error.message, messageIncludes, message);
  return error;
}

type TypedArray = Exclude<ArrayBufferView, DataView> & ArrayLike<number | bigint>;

function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** Describes the first difference, because a diff of two arrays of a million numbers would be unreadable. */
function firstDifference(actual: TypedArray, expected: TypedArray): string {
  const [actualType, expectedType] = [actual.constructor.name, expected.constructor.name];
  if (actualType !== expectedType || actual.length !== expected.length) {
    return `Expected ${expectedType}(${expected.length}), got ${actualType}(${actual.length})`;
  }
  const different = Array.from(actual).flatMap((value, index) =>
    Object.is(value, expected[index]) ? [] : [index]
  );
  const [first] = different;
  if (first === undefined) return "Values differ in the bits of a NaN only";
  return `${different.length} of ${actual.length} elements differ, ` +
    `the first at [${first}]: got ${show(actual[first])}, expected ${show(expected[first])}`;
}

function explain(message: string | undefined, detail: string): string {
  return message === undefined ? detail : `${message}: ${detail}`;
}

function show(value: unknown): string {
  return inspect(value, { depth: 4, maxArrayLength: 20, maxStringLength: 2000 });
}
