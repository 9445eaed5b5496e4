/**
 * `parseArgs` of `@std/cli`, over minimist, from which the standard library's own version descends, so that commands
 * are written as against the standard library and nothing has to be fetched from its registry.
 *
 * Where minimist differs, the standard library's rule holds: a repeated option takes the last value unless it is in
 * `collect`; `--no-name` turns off only what is in `negatable` and is an option of its own otherwise; `unknown` gets
 * the option's key and value, too.
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

/** What `parseArgs` is to know about the options. */
export interface ParseOptions<
  BooleanName extends string = string,
  StringName extends string = string,
  CollectName extends string = string,
  Defaults extends Record<string, unknown> = Record<string, unknown>,
> {
  /** Puts what follows `--` into the result's `"--"`, and not at the end of its `_`. */
  "--"?: boolean;
  /** Other names for an option. */
  alias?: Record<string, OneOrMany<string>>;
  /** Options without a value, false when absent; `true`: every `--name` that is not `--name=value`. */
  boolean?: boolean | OneOrMany<BooleanName>;
  /** Values of absent options. */
  default?: Defaults;
  /** Leaves everything after the first argument that is no option as it is, in `_`. */
  stopEarly?: boolean;
  /** Options whose values stay text; values of other options that look like numbers become numbers. */
  string?: OneOrMany<StringName>;
  /** Options that may be repeated; their value is an array of all values, empty when absent. */
  collect?: OneOrMany<CollectName>;
  /** Options that `--no-name` sets to false. */
  negatable?: OneOrMany<string>;
  /** Is called with every argument that no other member names; false leaves it out of the result. */
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

// minimist takes every --no-name for name = false; with a value behind it, it is an option like any other.
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
