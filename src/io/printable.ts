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
  // deno-lint-ignore no-control-regex
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}
