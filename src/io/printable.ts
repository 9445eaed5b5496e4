/** Untrusted text made safe to print on one line. */

/**
 * Prepares text from a file or from the operating system for a one-line message: each run of control characters
 * becomes a space, and text longer than `limit` characters is cut and ends in "…".
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(printable("two\nlines"), "two lines");
 * assertEquals(printable("abcdef", 3), "abc…");
 * ```
 */
export function printable(text: string, limit = 80): string {
  // A file can hold a long text once and refer to it a million times; its start is enough.
  const start = text.slice(0, 4 * limit + 64);
  // deno-lint-ignore no-control-regex
  const line = start.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return line.length > limit || start.length < text.length ? `${line.slice(0, limit)}…` : line;
}
