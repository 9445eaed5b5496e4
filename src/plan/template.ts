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

type Part =
  | { kind: "text"; text: string }
  | { kind: "for"; name: string; count: string; body: Part[] }
  | { kind: "if"; condition: string; body: Part[]; otherwise: Part[] };

/** Fills in a kernel's source. Throws a `SyntaxError` that names the kernel and the line where the source is wrong. */
export function expand(name: string, source: string, constants: Constants): string {
  const parts = parse(name, source);
  const lines: string[] = [];
  emit(parts, { ...constants }, lines, name);
  return lines.join("\n");
}

function parse(name: string, source: string): Part[] {
  const root: Part[] = [];
  const open: { body: Part[]; part?: Part }[] = [{ body: root }];
  for (const [index, line] of source.split("\n").entries()) {
    const wrong = (what: string) => new SyntaxError(`${name}.wgsl:${index + 1}: ${what}`);
    const directive = /^\s*\/\/:\s*(\w+)\s*(.*?)\s*$/.exec(line);
    const here = open.at(-1)!;
    if (!directive) {
      here.body.push({ kind: "text", text: line });
      continue;
    }
    const [, word, rest] = directive as unknown as [string, string, string];
    if (word === "for") {
      const loop = /^(\w+) in (.+)$/.exec(rest);
      if (!loop) throw wrong(`expected "for NAME in COUNT", not "for ${rest}"`);
      const part: Part = { kind: "for", name: loop[1]!, count: loop[2]!, body: [] };
      here.body.push(part);
      open.push({ body: part.body, part });
    } else if (word === "if") {
      const part: Part = { kind: "if", condition: rest, body: [], otherwise: [] };
      here.body.push(part);
      open.push({ body: part.body, part });
    } else if (word === "else") {
      if (here.part?.kind !== "if") throw wrong("an else without its if");
      here.body = here.part.otherwise;
    } else if (word === "end") {
      if (open.length === 1) throw wrong("an end without its beginning");
      open.pop();
    } else {
      throw wrong(`unknown directive "${word}"; expected for, if, else or end`);
    }
  }
  if (open.length > 1) throw new SyntaxError(`${name}.wgsl: a for or an if has no end`);
  return root;
}

function emit(
  parts: Part[],
  scope: Record<string, number | string | boolean>,
  lines: string[],
  name: string,
) {
  for (const part of parts) {
    if (part.kind === "text") {
      lines.push(
        part.text.replace(/\$\{([^}]+)\}/g, (_, expression) => String(evaluate(expression, scope, name))),
      );
    } else if (part.kind === "for") {
      const count = Number(evaluate(part.count, scope, name));
      for (let counter = 0; counter < count; counter++) {
        emit(part.body, { ...scope, [part.name]: counter }, lines, name);
      }
    } else {
      emit(evaluate(part.condition, scope, name) ? part.body : part.otherwise, scope, lines, name);
    }
  }
}

const compiled = new Map<string, (...values: unknown[]) => unknown>();

function evaluate(
  expression: string,
  scope: Record<string, number | string | boolean>,
  name: string,
): unknown {
  const names = Object.keys(scope);
  const key = names.join() + ":" + expression;
  let run = compiled.get(key);
  // The expressions are the project's own kernels, never a user's text.
  if (!run) {
    compiled.set(
      key,
      run = new Function(...names, `return (${expression});`) as (...values: unknown[]) => unknown,
    );
  }
  try {
    return run(...names.map((each) => scope[each]));
  } catch (error) {
    throw new SyntaxError(`${name}.wgsl: \${${expression}}: ${(error as Error).message}`);
  }
}
