/** JSON without duplicate keys. */

import { DataError } from "../errors.ts";

/**
 * Parses JSON like `JSON.parse`, but refuses an object with a duplicate key. `JSON.parse` keeps the last value of such
 * a key and other programs keep the first, so that the same file would mean different things.
 *
 * @param bytes UTF-8 text
 * @param what how error messages name the text, such as "its header"
 * @throws {DataError} if the text is not valid JSON or an object in it has a duplicate key
 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new DataError(`${what} is not valid JSON`);
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw new DataError(`${what} has the key ${duplicate.slice(0, 80)} twice`);
  return value;
}

/** The first duplicate key of an object in `text`, in quotes. `text` must be valid JSON. */
function duplicateKey(text: string): string | undefined {
  // The keys seen in each open object; undefined for an open array.
  const open: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") open.push(new Set());
    else if (character === "[") open.push(undefined);
    else if (character === "}" || character === "]") open.pop();
    if (character === "{" || character === ",") expectsKey = open.at(-1) !== undefined;
    if (character !== '"') continue;
    const end = endOfString(text, at);
    if (expectsKey) {
      // Parsed, because "a" and "\u0061" are the same key.
      const key = JSON.parse(text.slice(at, end)) as string;
      if (open.at(-1)!.has(key)) return JSON.stringify(key);
      open.at(-1)!.add(key);
      expectsKey = false;
    }
    at = end - 1;
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
