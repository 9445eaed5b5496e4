/**
 * Kernels in float16. Kernels are written for float32 values: `x[i]` is float32, whatever the memory holds. For
 * bindings in float16 the code of a variant is rewritten: their declarations change, every read widens and every
 * assignment rounds. Other variants stay unchanged.
 */

/** The WGSL types of an array's elements in memory and in registers. */
interface Element {
  /** The type of the array in the kernel's source. */
  declared: string;
  wide: string;
  narrow: string;
}

const vector = { declared: "array<vec4f>", wide: "vec4f", narrow: "vec4<f16>" };
const scalar = { declared: "array<f32>", wide: "f32", narrow: "f16" };

/**
 * Rewrites the code so that the bindings of these names hold float16. An assignment to one of their elements must be a
 * statement of its own.
 *
 * @throws {SyntaxError} if a name is not a binding of `vec4f` or `f32`.
 */
export function withHalves(kernel: string, code: string, names: readonly string[]): string {
  if (names.length === 0) return code;
  const elements = new Map<string, Element>();
  // Comments are removed, because an assignment in one must not be rewritten.
  let declared = code.replace(/\/\/.*$/gm, "");
  for (const name of names) {
    const declaration = new RegExp(`(\\bvar<storage,[^>]*>\\s*${name}\\s*:\\s*)(array<\\w+>)`);
    const type = declaration.exec(declared)?.[2];
    const element = [vector, scalar].find((each) => each.declared === type);
    if (!element) throw new SyntaxError(`${kernel}: ${name} cannot hold float16, as it is ${type}`);
    elements.set(name, element);
    declared = declared.replace(declaration, `$1array<${element.narrow}>`);
  }
  return `enable f16;\n${rewrite(declared, elements)}`;
}

function rewrite(code: string, elements: ReadonlyMap<string, Element>): string {
  const access = new RegExp(`(?<![\\w.])(${[...elements.keys()].join("|")})\\[`, "g");
  let result = "";
  let at = 0;
  for (let found = access.exec(code); found; found = access.exec(code)) {
    const { wide, narrow } = elements.get(found[1]!)!;
    const end = closingBracket(code, access.lastIndex);
    const element = `${found[0]}${rewrite(code.slice(access.lastIndex, end), elements)}]`;
    const assignment = /^\s*([-+*/]?)=(?!=)/.exec(code.slice(end + 1));
    result += code.slice(at, found.index);
    if (assignment) {
      const [sign, operator] = assignment as unknown as [string, string];
      at = code.indexOf(";", end);
      const value = rewrite(code.slice(end + 1 + sign.length, at).trim(), elements);
      const whole = operator ? `${wide}(${element}) ${operator} (${value})` : value;
      result += `${element} = ${narrow}(${whole})`;
    } else {
      at = end + 1;
      result += `${wide}(${element})`;
    }
    access.lastIndex = at;
  }
  return result + code.slice(at);
}

/** The index of the bracket that closes the one before `from`. */
function closingBracket(code: string, from: number): number {
  let depth = 1;
  for (let at = from; at < code.length; at++) {
    if (code[at] === "[") depth++;
    if (code[at] === "]" && --depth === 0) return at;
  }
  throw new SyntaxError(`a bracket is not closed: ${code.slice(from - 20, from + 20)}`);
}
