/**
 * The smallest generator that WGSL needs here: loops that are unrolled in the source, since a software adapter pays
 * for each loop counter and each indexed local array, and parts that stand in one variant of a kernel only.
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
 * ```
 *
 * What stands in `${…}`, behind `in` and behind `if` is an expression over the constants and the loops' counters.
 */

/** Tile sizes, flags and pieces of WGSL that make one variant of a kernel. */
export type Constants = Readonly<Record<string, number | string | boolean>>;

type Scope = Record<string, number | string | boolean>;

/** `where` is the kernel and the line, for errors. */
type Part =
  | { kind: "text"; where: string; text: string }
  | { kind: "for"; where: string; name: string; count: string; body: Part[] }
  | { kind: "if"; where: string; condition: string; body: Part[]; otherwise: Part[] };

/** Fills in a kernel's source. Throws a `SyntaxError` that names the kernel and the line where the source is wrong. */
export function expand(name: string, source: string, constants: Constants): string {
  const lines: string[] = [];
  emit(parse(name, source), { ...constants }, lines);
  return lines.join("\n");
}

function parse(name: string, source: string): Part[] {
  const root: Part[] = [];
  const open: { body: Part[]; part?: Part }[] = [{ body: root }];
  for (const [index, line] of source.split("\n").entries()) {
    const where = `${name}.wgsl:${index + 1}`;
    const directive = /^\s*\/\/:\s*(\w+)\s*(.*?)\s*$/.exec(line);
    const here = open.at(-1)!;
    if (!directive) {
      here.body.push({ kind: "text", where, text: line });
      continue;
    }
    const [, word, rest] = directive as unknown as [string, string, string];
    if (word === "for") {
      const loop = /^(\w+) in (.+)$/.exec(rest);
      if (!loop) throw new SyntaxError(`${where}: expected "for NAME in COUNT", not "for ${rest}"`);
      const part: Part = { kind: "for", where, name: loop[1]!, count: loop[2]!, body: [] };
      here.body.push(part);
      open.push({ body: part.body, part });
    } else if (word === "if") {
      const part: Part = { kind: "if", where, condition: rest, body: [], otherwise: [] };
      here.body.push(part);
      open.push({ body: part.body, part });
    } else if (word === "else") {
      if (here.part?.kind !== "if") throw new SyntaxError(`${where}: an else without its if`);
      here.body = here.part.otherwise;
    } else if (word === "end") {
      if (open.length === 1) throw new SyntaxError(`${where}: an end without its beginning`);
      open.pop();
    } else {
      throw new SyntaxError(`${where}: unknown directive "${word}"; expected for, if, else or end`);
    }
  }
  const unclosed = open.at(-1)!.part;
  if (unclosed) throw new SyntaxError(`${unclosed.where}: this ${unclosed.kind} has no end`);
  return root;
}

function emit(parts: Part[], scope: Scope, lines: string[]) {
  for (const part of parts) {
    const { where } = part;
    if (part.kind === "text") {
      lines.push(
        part.text.replace(/\$\{([^}]+)\}/g, (_, expression) => String(evaluate(expression, scope, where))),
      );
    } else if (part.kind === "for") {
      const count = evaluate(part.count, scope, where);
      if (typeof count !== "number") {
        throw new SyntaxError(`${where}: ${part.count}: expected a count, not ${count}`);
      }
      for (let counter = 0; counter < count; counter++) {
        emit(part.body, { ...scope, [part.name]: counter }, lines);
      }
    } else {
      emit(evaluate(part.condition, scope, where) ? part.body : part.otherwise, scope, lines);
    }
  }
}

const compiled = new Map<string, (...values: unknown[]) => unknown>();

function evaluate(expression: string, scope: Scope, where: string): unknown {
  const names = Object.keys(scope);
  const key = names.join() + ":" + expression;
  try {
    let run = compiled.get(key);
    // The expressions are the project's own kernels, never a user's text.
    if (!run) {
      compiled.set(
        key,
        run = new Function(...names, `return (${expression});`) as (...values: unknown[]) => unknown,
      );
    }
    return run(...names.map((each) => scope[each]));
  } catch (error) {
    throw new SyntaxError(`${where}: ${expression}: ${(error as Error).message}`);
  }
}
