import { DataError } from "../errors.ts";

/**
 * Parses JSON as JSON.parse does, but refuses an object that has a key twice: JSON.parse keeps the last one,
 * another program the first, and the same file would hold different things.
 *
 * @throws DataError, where `what` names the text.
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

/** The first key, in quotes, that an object in `text` has twice. `text` is valid JSON. */
function duplicateKey(text: string): string | undefined {
  // One for each open object, undefined for an array.
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
      // Parsed, because "a" and "\u0061" are one key.
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
