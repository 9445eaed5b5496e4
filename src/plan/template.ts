/**
 * The template language of the kernels: WGSL with directives in comments, which are expanded to one variant of a
 * kernel.
 *
 * ```wgsl
 * //: for row in ROWS
 * var sum${row} = vec4f();
 * //: end
 * //: if ADJOINT
 * …
 * //: else
 * …
 * //: end
 * //: use finish
 * //: use skip_tap with axis = y; extent = height
 * ```
 *
 * `for` repeats its lines in the source, because a software adapter pays for each loop counter and each indexed local
 * array. `if` keeps lines for some variants only. `use` inserts a part, which is a file of `kernels/parts/`; the
 * comment at the top of the part is left out. A part knows all names that are known where it is inserted, and its
 * arguments. An argument is text, or a value of any type if it is a single `${…}`. A part gives an argument a default
 * value by a line `//: default NAME = TEXT`.
 *
 * Counts, conditions and what stands in `${…}` are expressions over the constants and the loops' counters; see
 * {@linkcode parseExpression}.
 */

import type { Kernel } from "../graph/lowering.ts";
import { type Expression, parseExpression, type Value } from "./expression.ts";

/** Tile sizes, flags and pieces of WGSL that make one variant of a kernel. */
export type Constants = Readonly<Record<string, Value>>;

/** Text, and expressions whose values are inserted into it. */
type Text = (string | Expression)[];

type Node =
  | { kind: "text"; text: Text }
  | { kind: "for"; where: string; name: string; count: Expression; countText: string; body: Node[] }
  | { kind: "if"; where: string; condition: Expression; body: Node[]; otherwise: Node[] }
  | { kind: "use"; inputs: [name: string, value: Text][]; body: Node[] };

interface Template {
  body: Node[];
  /** The names of the parts that are used, by the kernel itself or by a part. */
  parts: Set<string>;
}

const templates = new WeakMap<Kernel, Template>();

/** Parses a kernel's source when it is first used. */
function templateOf(kernel: Kernel): Template {
  let template = templates.get(kernel);
  if (!template) {
    const parts = new Set<string>();
    const body = parse(kernel.source, `${kernel.name}.wgsl`, "", { kernel, parts, open: [] });
    templates.set(kernel, template = { body, parts });
  }
  return template;
}

/**
 * Expands a kernel's source to the WGSL of one variant.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const source = "//: for row in ROWS\nvar sum${row} = vec4f();\n//: end";
 * assertEquals(expand({ name: "sample", source }, { ROWS: 2 }), "var sum0 = vec4f();\nvar sum1 = vec4f();");
 * ```
 *
 * @throws {SyntaxError} if a directive or an expression is wrong. The message names file, line and expression.
 */
export function expand(kernel: Kernel, constants: Constants): string {
  const lines: string[] = [];
  emit(templateOf(kernel).body, constants, lines);
  return lines.join("\n");
}

/**
 * The kernel's source and those of the parts that it uses. Two kernels with the same sources have the same variants.
 */
export function sourcesOf(kernel: Kernel): string[] {
  return [kernel.source, ...[...templateOf(kernel).parts].map((name) => kernel.parts![name]!)];
}

interface Context {
  kernel: Kernel;
  parts: Set<string>;
  /** The names of the parts that are being parsed, from the outermost to the innermost. */
  open: readonly string[];
  /** Collects the default arguments, if a part is being parsed. */
  defaults?: [name: string, value: Text][];
}

/** Parses the text of a file. `user` follows the line in messages: the place where a part is used. */
function parse(source: string, file: string, user: string, context: Context): Node[] {
  const root: Node[] = [];
  const open: { body: Node[]; node?: Node & { kind: "for" | "if" } }[] = [{ body: root }];
  let inHeader = context.open.length > 0;
  for (const [index, line] of source.split("\n").entries()) {
    inHeader &&= /^\/\/(?!:)/.test(line);
    if (inHeader) continue;
    const where = `${file}:${index + 1}${user}`;
    const directive = /^\s*\/\/:\s*(\w+)\s*(.*?)\s*$/.exec(line);
    const here = open.at(-1)!;
    if (!directive) {
      here.body.push({ kind: "text", text: parseText(line, where) });
      continue;
    }
    const [, word, rest] = directive as unknown as [string, string, string];
    if (word === "for" || word === "if") {
      const node = word === "for" ? parseFor(rest, where) : parseIf(rest, where);
      here.body.push(node);
      open.push({ body: node.body, node });
    } else if (word === "else") {
      if (here.node?.kind !== "if") throw new SyntaxError(`${where}: an else without its if`);
      here.body = here.node.otherwise;
    } else if (word === "end") {
      if (open.length === 1) throw new SyntaxError(`${where}: an end without its for or if`);
      open.pop();
    } else if (word === "use") {
      here.body.push(parseUse(rest, where, context));
    } else if (word === "default") {
      if (!context.defaults) throw new SyntaxError(`${where}: a default outside of a part`);
      context.defaults.push(parseArgument(rest, where));
    } else {
      throw new SyntaxError(
        `${where}: unknown directive "${word}"; expected for, if, else, end, use or default`,
      );
    }
  }
  const unclosed = open.at(-1)!.node;
  if (unclosed) throw new SyntaxError(`${unclosed.where}: this ${unclosed.kind} has no end`);
  return root;
}

function parseFor(rest: string, where: string): Node & { kind: "for" } {
  const loop = /^(\w+) in (.+)$/.exec(rest);
  if (!loop) throw new SyntaxError(`${where}: expected "for NAME in COUNT", not "for ${rest}"`);
  const [, name, countText] = loop as unknown as [string, string, string];
  return { kind: "for", where, name, count: parseAt(countText, where), countText, body: [] };
}

function parseIf(rest: string, where: string): Node & { kind: "if" } {
  return { kind: "if", where, condition: parseAt(rest, where), body: [], otherwise: [] };
}

function parseUse(rest: string, where: string, context: Context): Node {
  const use = /^(\w+)(?: with (.+))?$/.exec(rest);
  if (!use) {
    throw new SyntaxError(
      `${where}: expected "use PART" or "use PART with NAME = TEXT; …", not "use ${rest}"`,
    );
  }
  const [, name, list] = use as unknown as [string, string, string?];
  const source = context.kernel.parts?.[name];
  if (source === undefined) throw new SyntaxError(`${where}: ${context.kernel.name} has no part ${name}`);
  if (context.open.includes(name)) throw new SyntaxError(`${where}: the part ${name} uses itself`);
  context.parts.add(name);
  const given = (list?.split(";") ?? []).map((each) => parseArgument(each, where));
  const defaults: [string, Text][] = [];
  const inside = { ...context, open: [...context.open, name], defaults };
  const body = parse(source.trimEnd(), `parts/${name}.wgsl`, `, used by ${where}`, inside);
  const missing = defaults.filter(([each]) => !given.some(([other]) => other === each));
  return { kind: "use", inputs: [...missing, ...given], body };
}

function parseArgument(text: string, where: string): [name: string, value: Text] {
  const argument = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(text);
  if (!argument) throw new SyntaxError(`${where}: expected "NAME = TEXT", not "${text.trim()}"`);
  return [argument[1]!, parseText(argument[2]!, where)];
}

function parseText(text: string, where: string): Text {
  // Every second piece is an expression.
  return text.split(/\$\{([^}]+)\}/).map((piece, index) => index % 2 === 0 ? piece : parseAt(piece, where));
}

/** Parses an expression whose errors name its place and its text. */
function parseAt(text: string, where: string): Expression {
  const fail = (error: unknown): never => {
    throw new SyntaxError(`${where}: ${text}: ${(error as Error).message}`);
  };
  try {
    const expression = parseExpression(text);
    return (scope) => {
      try {
        return expression(scope);
      } catch (error) {
        return fail(error);
      }
    };
  } catch (error) {
    return fail(error);
  }
}

function emit(nodes: readonly Node[], scope: Constants, lines: string[]): void {
  for (const node of nodes) {
    switch (node.kind) {
      case "text":
        lines.push(textOf(node.text, scope));
        break;
      case "if":
        emit(node.condition(scope) ? node.body : node.otherwise, scope, lines);
        break;
      case "use": {
        const inputs = node.inputs.map(([name, text]) => [name, valueOf(text, scope)]);
        emit(node.body, { ...scope, ...Object.fromEntries(inputs) }, lines);
        break;
      }
      case "for": {
        const count = node.count(scope);
        if (typeof count !== "number") {
          throw new SyntaxError(`${node.where}: ${node.countText}: expected a count, not ${count}`);
        }
        const inner = { ...scope };
        for (let counter = 0; counter < count; counter++) {
          inner[node.name] = counter;
          emit(node.body, inner, lines);
        }
      }
    }
  }
}

function textOf(text: Text, scope: Constants): string {
  let result = "";
  for (const piece of text) result += typeof piece === "string" ? piece : piece(scope);
  return result;
}

/** The value of an argument: a single expression keeps its type. */
function valueOf(text: Text, scope: Constants): Value {
  const [before, expression, after] = text;
  const isSingle = text.length === 3 && before === "" && after === "";
  return isSingle ? (expression as Expression)(scope) : textOf(text, scope);
}
