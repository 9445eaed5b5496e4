/**
 * The expressions of the kernel template, with the precedence and the results of JavaScript's: numbers, strings, names,
 * `true` and `false`, `+ - * / %`, `< > <= >= === !==`, `&& || !`, `? :`, brackets, and calls of {@linkcode functions}.
 *
 * Kernels are expanded by this parser and not by `Function`, because pages with a strict Content-Security-Policy forbid
 * the latter.
 */

/** What an expression, a constant or a loop's counter can be. */
export type Value = number | string | boolean;

/** The values of the names that an expression uses. */
export type Scope = Readonly<Record<string, Value>>;

/**
 * A parsed expression: computes its value.
 *
 * @throws {ReferenceError} if the scope lacks a name that is evaluated.
 */
export type Expression = (scope: Scope) => Value;

/** The functions that an expression may call. */
const functions = new Map<string, (...values: number[]) => number>([
  ["Math.ceil", Math.ceil],
  ["Math.floor", Math.floor],
  ["Math.max", Math.max],
  ["Math.min", Math.min],
]);

interface BinaryOperator {
  /** Operators of a higher precedence bind more tightly; those of one precedence group from left to right. */
  precedence: number;
  combine(left: Expression, right: Expression): Expression;
}

/**
 * An operator that evaluates both operands. TypeScript only knows the operators on numbers; JavaScript takes all
 * values.
 */
function eager(precedence: number, apply: (left: number, right: number) => Value): BinaryOperator {
  return {
    precedence,
    combine: (left, right) => (scope) => apply(left(scope) as number, right(scope) as number),
  };
}

const binaryOperators = new Map<string, BinaryOperator>([
  ["||", { precedence: 1, combine: (left, right) => (scope) => left(scope) || right(scope) }],
  ["&&", { precedence: 2, combine: (left, right) => (scope) => left(scope) && right(scope) }],
  ["===", eager(3, (left, right) => left === right)],
  ["!==", eager(3, (left, right) => left !== right)],
  ["<", eager(4, (left, right) => left < right)],
  [">", eager(4, (left, right) => left > right)],
  ["<=", eager(4, (left, right) => left <= right)],
  [">=", eager(4, (left, right) => left >= right)],
  ["+", eager(5, (left, right) => left + right)],
  ["-", eager(5, (left, right) => left - right)],
  ["*", eager(6, (left, right) => left * right)],
  ["/", eager(6, (left, right) => left / right)],
  ["%", eager(6, (left, right) => left % right)],
]);

const parsed = new Map<string, Expression>();

/**
 * Parses an expression. The result is cached by the text.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(parseExpression("WIDE ? 4 * ROWS : 1")({ WIDE: true, ROWS: 3 }), 12);
 * ```
 *
 * @throws {SyntaxError} if the text is not an expression.
 */
export function parseExpression(text: string): Expression {
  let expression = parsed.get(text);
  if (!expression) parsed.set(text, expression = new Parser(tokensOf(text)).parse());
  return expression;
}

/** Numbers, strings, names (with one dot, as in `Math.min`) and operators. */
const tokenPattern =
  /\d+(?:\.\d+)?|"[^"]*"|'[^']*'|[A-Za-z_]\w*(?:\.\w+)?|[=!]==|[<>]=|&&|\|\||[-+*/%<>!?:(),]/y;

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, tokenPattern.lastIndex)) {
    tokenPattern.lastIndex = at;
    const token = tokenPattern.exec(text)?.[0];
    if (token === undefined) throw new SyntaxError(`unexpected "${text[at]}"`);
    tokens.push(token);
  }
  return tokens;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (/\s/.test(text.charAt(at))) at++;
  return at;
}

/** A recursive-descent parser: a method for each kind of expression, which consumes its tokens. */
class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  parse(): Expression {
    const expression = this.conditional();
    if (this.at < this.tokens.length) throw new SyntaxError(`unexpected "${this.tokens[this.at]}"`);
    return expression;
  }

  private conditional(): Expression {
    const condition = this.binary(0);
    if (!this.takes("?")) return condition;
    const yes = this.conditional();
    this.expect(":");
    const no = this.conditional();
    return (scope) => condition(scope) ? yes(scope) : no(scope);
  }

  /** An operand, followed by operators of more than `precedence` and their right operands. */
  private binary(precedence: number): Expression {
    let left = this.unary();
    for (;;) {
      const operator = binaryOperators.get(this.tokens[this.at] ?? "");
      if (!operator || operator.precedence <= precedence) return left;
      this.at++;
      left = operator.combine(left, this.binary(operator.precedence));
    }
  }

  private unary(): Expression {
    if (this.takes("!")) {
      const operand = this.unary();
      return (scope) => !operand(scope);
    }
    if (this.takes("-")) {
      const operand = this.unary();
      return (scope) => -operand(scope);
    }
    return this.primary();
  }

  private primary(): Expression {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new SyntaxError("the expression ends where a value is expected");
    if (token === "(") {
      const inner = this.conditional();
      this.expect(")");
      return inner;
    }
    if (token === "true" || token === "false") return constant(token === "true");
    if (/^\d/.test(token)) return constant(Number(token));
    if (/^["']/.test(token)) return constant(token.slice(1, -1));
    if (!/^\w/.test(token)) throw new SyntaxError(`expected a value, not "${token}"`);
    return this.takes("(") ? this.call(token) : name(token);
  }

  private call(callee: string): Expression {
    const apply = functions.get(callee);
    if (!apply) throw new SyntaxError(`${callee} is not one of ${[...functions.keys()].join(", ")}`);
    const operands: Expression[] = [];
    do operands.push(this.conditional()); while (this.takes(","));
    this.expect(")");
    return (scope) => apply(...operands.map((operand) => operand(scope) as number));
  }

  private takes(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private expect(token: string): void {
    if (this.takes(token)) return;
    const found = this.tokens[this.at];
    throw new SyntaxError(`expected "${token}"${found === undefined ? " at the end" : `, not "${found}"`}`);
  }
}

function constant(value: Value): Expression {
  return () => value;
}

function name(identifier: string): Expression {
  return (scope) => {
    // Own names only: every object has a `toString`.
    if (!Object.hasOwn(scope, identifier)) throw new ReferenceError(`${identifier} is not defined`);
    return scope[identifier]!;
  };
}
