/** Options of the commands: one table each, from which parsing, checks and help are made. */

import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "../src/errors.ts";

/** One option as a user meets it. */
export interface OptionRule {
  kind: "text" | "number" | "integer" | "flag";
  help: string;
  /** What stands for the value in the help, such as FILE. */
  value?: string;
  default?: string | number | boolean;
  least?: number;
  /** Values must be larger than this. */
  above?: number;
  choices?: readonly (string | number)[];
}

export type OptionTable = Readonly<Record<string, OptionRule>>;

type ValueOf<Rule extends OptionRule> = Rule["kind"] extends "flag" ? boolean
  : Rule["kind"] extends "text" ? string
  : number;

/** The values by name; options without a default may be undefined, flags are then false. */
export type OptionValues<Table extends OptionTable> = {
  [Name in keyof Table]: Table[Name] extends { default: unknown } | { kind: "flag" } ? ValueOf<Table[Name]>
    : ValueOf<Table[Name]> | undefined;
};

/** A command's own words for its help. */
export interface CommandDescription {
  name: string;
  summary: string;
  examples: readonly string[];
}

/**
 * Reads arguments by a table: names with underscores or dashes, `--name value` or `--name=value`, `--no-name` for flags.
 * Returns undefined where help is asked for, which is then printed. Throws a UsageError that names the option, its value
 * and what was expected.
 */
export function readOptions<const Table extends OptionTable>(
  args: readonly string[],
  description: CommandDescription,
  table: Table,
): OptionValues<Table> | undefined {
  const flags = Object.keys(table).filter((name) => table[name]!.kind === "flag");
  const parsed = parseArgs(args.map(withUnderscores), {
    boolean: ["help", ...flags],
    negatable: flags,
    string: Object.keys(table).filter((name) => !flags.includes(name)),
    alias: { help: "h" },
    default: Object.fromEntries(flags.map((name) => [name, table[name]!.default ?? false])),
    unknown(argument, key) {
      if (key === undefined) {
        throw new UsageError(`${argument}: ${description.name} takes options only; see --help`);
      }
      throw new UsageError(`--${key}: no such option${suggestion(key, Object.keys(table))}; see --help`);
    },
  }) as Record<string, unknown>;
  if (parsed.help) {
    console.log(helpText(description, table));
    return undefined;
  }
  const values = Object.keys(table).map((name) => [name, convert(name, table[name]!, parsed[name])]);
  return Object.fromEntries(values) as OptionValues<Table>;
}

/** `--data-path=x` as `--data_path=x`; a leading `--no-` stays, and so does all that is no option. */
function withUnderscores(argument: string): string {
  const option = /^--(no-)?([^=]+)(=.*)?$/s.exec(argument);
  return option ? `--${option[1] ?? ""}${option[2]!.replaceAll("-", "_")}${option[3] ?? ""}` : argument;
}

function convert(name: string, rule: OptionRule, raw: unknown): unknown {
  if (raw === undefined) return rule.default;
  if (rule.kind === "flag") return raw;
  const text = String(raw);
  const wrong = (expected: string) => new UsageError(`--${name} ${text || '""'}: expected ${expected}`);
  if (rule.kind === "text") {
    if (text === "") throw wrong("a value");
    if (rule.choices && !rule.choices.includes(text)) throw wrong(rule.choices.join(", "));
    return text;
  }
  const number = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(number) || (rule.kind === "integer" && !Number.isSafeInteger(number))) {
    throw wrong(rule.kind === "integer" ? "a whole number" : "a number");
  }
  if (rule.choices && !rule.choices.includes(number)) throw wrong(list(rule.choices));
  if (rule.least !== undefined && number < rule.least) throw wrong(`at least ${rule.least}`);
  if (rule.above !== undefined && number <= rule.above) throw wrong(`more than ${rule.above}`);
  return number;
}

function list(choices: readonly (string | number)[]): string {
  return choices.length < 2 ? choices.join() : `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}

function suggestion(key: string, names: readonly string[]): string {
  const near =
    names.map((name) => ({ name, distance: editDistance(key, name) })).sort((a, b) =>
      a.distance - b.distance
    )[0];
  return near && near.distance <= 3 ? `; did you mean --${near.name}?` : "";
}

/** Levenshtein's distance: insertions, deletions and replacements from one word to the other. */
function editDistance(first: string, second: string): number {
  let row = Array.from({ length: second.length + 1 }, (_, index) => index);
  for (let i = 1; i <= first.length; i++) {
    const next = [i];
    for (let j = 1; j <= second.length; j++) {
      next.push(
        Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (first[i - 1] === second[j - 1] ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[second.length]!;
}

function helpText({ name, summary, examples }: CommandDescription, table: OptionTable): string {
  const rows = Object.entries(table).map(([option, rule]) => {
    const value = rule.kind === "flag" ? "" : ` ${rule.value ?? (rule.kind === "text" ? "TEXT" : "N")}`;
    const left = rule.kind === "flag" && rule.default === true
      ? `--${option}, --no-${option}`
      : `--${option}${value}`;
    const fallback = rule.kind === "flag" || rule.default === undefined ? "" : ` (${rule.default})`;
    return [left, rule.help + fallback] as const;
  });
  rows.push(["--help", "shows this"]);
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);
  return [`${name}: ${summary}`, "", ...lines, "", "Examples:", ...examples.map((example) => `  ${example}`)]
    .join("\n");
}
