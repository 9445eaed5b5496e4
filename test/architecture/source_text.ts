/** Tells code, strings and comments of TypeScript and WGSL apart. */

/** A source in which each character is code, a part of a string, or a part of a comment. */
export interface ScannedSource {
  /** The source with its comments blanked; every line stays where it is. */
  withoutComments: string;
  /** The same with the texts of strings blanked, too. What templates compute stays. */
  code: string;
  /** The lines, counted from 0, that hold a comment or a part of one. */
  commentLines: Set<number>;
}

type Kind = "comment" | "string" | "code";

/** A slash that follows one of these divides nothing: it begins a regular expression. */
const beforeRegularExpression = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|of|in))\s*$/;

const patterns: readonly { kind: Kind; pattern: RegExp; follows?: RegExp }[] = [
  { kind: "comment", pattern: /\/\/[^\n]*|\/\*[\s\S]*?\*\//y },
  { kind: "string", pattern: /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/y },
  {
    kind: "string",
    pattern: /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y,
    follows: beforeRegularExpression,
  },
];

/** Scans a source from start to end. Templates are followed into what they compute. */
export function scan(source: string): ScannedSource {
  const kinds = new Array<Kind>(source.length).fill("code");
  /** For each template that is open, the number of braces open in what it computes; -1 within its text. */
  const templates: number[] = [];
  let at = 0;
  while (at < source.length) {
    const depth = templates.at(-1);
    if (depth === -1) {
      at = templateText(source, at, templates, kinds);
      continue;
    }
    const found = match(source, at);
    if (found) {
      kinds.fill(found.kind, at, found.end);
      at = found.end;
      continue;
    }
    if (source[at] === "`") templates.push(-1);
    else if (depth !== undefined && source[at] === "{") templates[templates.length - 1]!++;
    else if (depth !== undefined && source[at] === "}") templates[templates.length - 1]!--;
    at++;
  }
  return {
    withoutComments: blanked(source, (index) => kinds[index] === "comment"),
    code: blanked(source, (index) => kinds[index] !== "code"),
    commentLines: linesOf(source, kinds),
  };
}

function match(source: string, at: number): { kind: Kind; end: number } | undefined {
  for (const { kind, pattern, follows } of patterns) {
    pattern.lastIndex = at;
    const [text] = pattern.exec(source) ?? [];
    if (text === undefined) continue;
    if (follows && !follows.test(source.slice(Math.max(0, at - 20), at))) continue;
    return { kind, end: at + text.length };
  }
  return undefined;
}

/** Takes a template's text up to its end or to what it computes next; returns where to go on. */
function templateText(source: string, at: number, templates: number[], kinds: Kind[]): number {
  for (; at < source.length; at++) {
    if (source[at] === "`") {
      templates.pop();
      return at + 1;
    }
    kinds[at] = "string";
    if (source[at] === "\\") kinds[++at] = "string";
    else if (source.startsWith("${", at)) {
      // The brace that closes it brings the count back to -1.
      templates[templates.length - 1] = 0;
      return at + 2;
    }
  }
  return at;
}

function blanked(source: string, isBlank: (index: number) => boolean): string {
  return Array.from(
    { length: source.length },
    (_, index) => isBlank(index) && source[index] !== "\n" ? " " : source[index],
  ).join("");
}

function linesOf(source: string, kinds: readonly Kind[]): Set<number> {
  const lines = new Set<number>();
  let line = 0;
  for (let index = 0; index < source.length; index++) {
    if (kinds[index] === "comment") lines.add(line);
    if (source[index] === "\n") line++;
  }
  return lines;
}
