/**
 * `parseArgs` of `@std/cli`, implemented with minimist, from which the standard library's version is derived.
 * Commands are written as for the standard library, but nothing has to be fetched from its registry.
 *
 * Where minimist behaves differently, the standard library's rules apply:
 *
 * - A repeated option has its last value, unless it is in `collect`.
 * - `--no-name` sets an option in `negatable` to false. Otherwise it is an option of its own.
 * - `unknown` also gets the key and value of the option.
 *
 * @example
 * ```ts
 * import { parseArgs } from "@std/cli/parse-args";
 *
 * const options = parseArgs(["--size=64", "--no-shuffle", "scan.png"], {
 *   string: ["size"],
 *   boolean: ["shuffle"],
 *   negatable: ["shuffle"],
 *   default: { shuffle: true },
 * });
 * // { size: "64", shuffle: false, _: ["scan.png"] }
 * ```
 *
 * @module
 */
import untypedMinimist from "minimist";

type OneOrMany<Name extends string> = Name | readonly Name[];

/** How options are parsed. */
export interface ParseOptions<
  BooleanName extends string = string,
  StringName extends string = string,
  CollectName extends string = string,
  Defaults extends Record<string, unknown> = Record<string, unknown>,
> {
  /** Puts the arguments after `--` into the result's `"--"` instead of its `_`. */
  "--"?: boolean;
  /** Alternative names of options. */
  alias?: Record<string, OneOrMany<string>>;
  /** Options without a value, which are false if absent. `true` means every `--name` that is not `--name=value`. */
  boolean?: boolean | OneOrMany<BooleanName>;
  /** Values of absent options. */
  default?: Defaults;
  /** Puts everything after the first argument that is not an option into `_`, unparsed. */
  stopEarly?: boolean;
  /** Options whose values stay text. Values of other options become numbers if they look like numbers. */
  string?: OneOrMany<StringName>;
  /** Options that may be repeated. Their value is an array of all values, which is empty if the option is absent. */
  collect?: OneOrMany<CollectName>;
  /** Options that `--no-name` sets to false. */
  negatable?: OneOrMany<string>;
  /** Called with every argument that no other member mentions. If it returns false, the result omits the argument. */
  unknown?: (argument: string, key?: string, value?: unknown) => unknown;
}

type Values<BooleanName extends string, StringName extends string, CollectName extends string> =
  & { [Name in BooleanName]: boolean }
  & { [Name in Exclude<StringName, CollectName>]?: string }
  & { [Name in CollectName]: Name extends StringName ? string[] : unknown[] };

type WithDefaults<Parsed, Defaults> =
  & Omit<Parsed, keyof Defaults>
  & {
    [Name in keyof Defaults]: Name extends keyof Parsed ? NonNullable<Parsed[Name]> | Defaults[Name]
      : unknown;
  };

/** The parsed options by name, the other arguments in `_`. */
export type Args<Parsed = Record<string, unknown>> =
  & Parsed
  & { _: (string | number)[]; "--"?: string[] };

type MinimistOptions = Omit<ParseOptions, "collect" | "negatable">;
const minimist: (args: string[], options: MinimistOptions) => Args = untypedMinimist;

/** Parses command line arguments, such as `Deno.args`. */
export function parseArgs<
  const BooleanName extends string = never,
  const StringName extends string = never,
  const CollectName extends string = never,
  Defaults extends Record<string, unknown> = Record<never, never>,
>(
  args: readonly string[],
  options: ParseOptions<BooleanName, StringName, CollectName, Defaults> = {},
): Args<
  & WithDefaults<Values<BooleanName, StringName, CollectName>, Defaults>
  & Record<string, unknown>
> {
  const defaults: Record<string, unknown> = options.default ?? {};
  const namesOf = (names: OneOrMany<string> | undefined) => [names ?? []].flat().flatMap(withAliases);
  const withAliases = (name: string): string[] => {
    const groups = Object.entries(options.alias ?? {}).map(([key, others]) => [key, others].flat());
    return [name, ...groups.filter((group) => group.includes(name)).flat().filter((other) => other !== name)];
  };
  const negatable = new Set(namesOf(options.negatable));
  const collect = new Set(namesOf(options.collect));

  const parsed = minimist(args.map((argument, index) => protectNegation(argument, index, args, negatable)), {
    "--": options["--"],
    alias: options.alias,
    boolean: typeof options.boolean === "boolean" ? options.boolean : namesOf(options.boolean),
    default: defaults,
    stopEarly: options.stopEarly,
    string: namesOf(options.string),
    unknown: options.unknown && ((argument) => callUnknown(options.unknown!, argument)),
  });

  for (const [key, value] of Object.entries(parsed)) {
    if (key === "_" || key === "--" || value === defaults[key]) continue;
    if (key.startsWith("no-") && value === PROTECTED) parsed[key] = true;
    else if (collect.has(key)) parsed[key] = Array.isArray(value) ? value : [value];
    else if (Array.isArray(value)) parsed[key] = value.at(-1);
  }
  for (const key of collect) parsed[key] ??= [];
  parsed._ = parsed._.map((argument) => typeof argument === "string" ? unprotect(argument) : argument);
  return parsed as ReturnType<typeof parseArgs<BooleanName, StringName, CollectName, Defaults>>;
}

// minimist reads every --no-name as name = false. With a value appended, it becomes an ordinary option.
const PROTECTED = "\0";

function protectNegation(argument: string, index: number, all: readonly string[], negatable: Set<string>) {
  const name = /^--no-([^=]+)$/s.exec(argument)?.[1];
  const isOption = name !== undefined && !all.slice(0, index).includes("--");
  return isOption && !negatable.has(name) ? `${argument}=${PROTECTED}` : argument;
}

function unprotect(argument: string): string {
  return argument.endsWith(`=${PROTECTED}`) ? argument.slice(0, -2) : argument;
}

function callUnknown(unknown: NonNullable<ParseOptions["unknown"]>, argument: string): unknown {
  const original = unprotect(argument);
  const [, key, value] = /^--?([^=]+)(?:=(.*))?$/s.exec(original) ?? [];
  return key === undefined ? unknown(original) : unknown(original, key, value);
}
