/** Reads a command line by the command's table of options. */

import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "../src/errors.ts";
import type { Command, OptionRule, OptionTable, OptionValues } from "./command.ts";
import { helpText } from "./help.ts";

/**
 * Reads arguments by a command's option table: names or their synonyms with underscores or dashes, `--name value` or
 * `--name=value`, and `--no-name` for flags. Prints the help and returns undefined if `--help` is among the arguments.
 *
 * @throws {UsageError} if an option is unknown or its value is not allowed
 */
export function readOptions<Table extends OptionTable>(
  args: readonly string[],
  command: Command<Table>,
): OptionValues<Table> | undefined {
  const table: OptionTable = command.options;
  const flags = Object.keys(table).filter((name) => table[name]!.kind === "flag");
  const parsed = parseArgs(withoutSynonyms(args.map(withUnderscores), table), {
    boolean: ["help", ...flags],
    negatable: flags,
    string: Object.keys(table).filter((name) => !flags.includes(name)),
    alias: { help: "h" },
    default: Object.fromEntries(flags.map((name) => [name, table[name]!.default ?? false])),
    unknown(argument, key) {
      if (key === undefined) {
        throw new UsageError(`${argument}: ${command.name} takes options only; see --help`);
      }
      throw new UsageError(`--${key}: no such option${suggestion(key, namesOf(table))}; see --help`);
    },
  }) as Record<string, unknown>;
  if (parsed.help) {
    console.log(helpText(command));
    return undefined;
  }
  const values = Object.keys(table).map((name) => [name, convert(name, table[name]!, parsed[name])]);
  return Object.fromEntries(values) as OptionValues<Table>;
}

function namesOf(table: OptionTable): string[] {
  return Object.entries(table).flatMap(([name, { synonyms = [] }]) => [name, ...synonyms]);
}

/**
 * Gives options the names that the table has for them.
 *
 * @throws {UsageError} if an option is given under two names
 */
function withoutSynonyms(args: readonly string[], table: OptionTable): string[] {
  const isGiven = (name: string) =>
    args.some((argument) => argument === `--${name}` || argument.startsWith(`--${name}=`));
  const renamed = new Map<string, string>();
  for (const [name, { synonyms = [] }] of Object.entries(table)) {
    const given = [name, ...synonyms].filter(isGiven);
    if (given.length > 1) {
      throw new UsageError(`--${given[0]}, --${given[1]}: the same option; expected only one of the two`);
    }
    for (const synonym of synonyms) renamed.set(synonym, name);
  }
  return args.map((argument) => {
    const [, option, rest] = /^--([^=]+)(.*)$/s.exec(argument) ?? [];
    return renamed.has(option!) ? `--${renamed.get(option!)}${rest}` : argument;
  });
}

/** `--data-path=x` becomes `--data_path=x`. A leading `--no-` and anything that is not an option stay as they are. */
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
    if (rule.choices && !rule.choices.includes(text)) throw wrong(listed(rule.choices));
    return text;
  }
  const number = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(number) || (rule.kind === "integer" && !Number.isSafeInteger(number))) {
    throw wrong(rule.kind === "integer" ? "a whole number" : "a number");
  }
  if (rule.choices && !rule.choices.includes(number)) throw wrong(listed(rule.choices));
  if (rule.least !== undefined && number < rule.least) throw wrong(`at least ${rule.least}`);
  if (rule.above !== undefined && number <= rule.above) throw wrong(`more than ${rule.above}`);
  return number;
}

function listed(choices: readonly (string | number)[]): string {
  return choices.length < 2 ? choices.join() : `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}

function suggestion(key: string, names: readonly string[]): string {
  const [nearest] = names.map((name) => ({ name, distance: editDistance(key, name) }))
    .sort((first, second) => first.distance - second.distance);
  return nearest && nearest.distance <= 3 ? `; did you mean --${nearest.name}?` : "";
}

/** The Levenshtein distance: how many insertions, deletions and replacements turn one word into the other. */
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
