/** The description of a command and its options, from which parsing, help and docs/cli.md are made. */

/** One option of a command. */
export interface OptionRule {
  /** Options of kind `flag` take no value. */
  kind: "text" | "number" | "integer" | "flag";
  help: string;
  /** Other names of the option. */
  synonyms?: readonly string[];
  /** The placeholder for the value in the help, such as FILE. */
  value?: string;
  default?: string | number | boolean;
  /** The smallest value allowed. */
  least?: number;
  /** Values must be larger than this. */
  above?: number;
  /** The only values allowed. */
  choices?: readonly (string | number)[];
}

/** The options of a command by name, with underscores. */
export type OptionTable = Readonly<Record<string, OptionRule>>;

type ValueOf<Rule extends OptionRule> = Rule extends { choices: readonly (infer Choice)[] } ? Choice
  : Rule["kind"] extends "flag" ? boolean
  : Rule["kind"] extends "text" ? string
  : number;

/** The option of a table with this name or synonym. */
export function findOption(table: OptionTable, name: string): OptionRule | undefined {
  return table[name] ?? Object.values(table).find(({ synonyms }) => synonyms?.includes(name));
}

/** The values by name. Options without a default may be undefined; flags without one are false. */
export type OptionValues<Table extends OptionTable> = {
  [Name in keyof Table]: Table[Name] extends { default: unknown } | { kind: "flag" } ? ValueOf<Table[Name]>
    : ValueOf<Table[Name]> | undefined;
};

/** A command: the task's name in deno.json, and what its help says. */
export interface Command<Table extends OptionTable = OptionTable> {
  name: string;
  /** One line: what the command does. */
  summary: string;
  /** Command lines that can be copied. */
  examples: readonly string[];
  options: Table;
}

/** Keeps the exact type of a command's options, so that `readOptions` returns values of the right types. */
export function defineCommand<const Table extends OptionTable>(command: Command<Table>): Command<Table> {
  return command;
}
