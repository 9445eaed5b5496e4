/** Parsing of command line arguments, after the rules of the standard library. */

import { assertEquals } from "@std/assert";
import { parseArgs, type ParseOptions } from "@std/cli/parse-args";

const cases: { name: string; args: string; options?: ParseOptions; expected: Record<string, unknown> }[] = [
  { name: "values after = and after a space", args: "--a=1 --b 2 c", expected: { a: 1, b: 2, _: ["c"] } },
  { name: "a flag", args: "--a", expected: { a: true, _: [] } },
  { name: "text stays text", args: "--a 007", options: { string: "a" }, expected: { a: "007", _: [] } },
  {
    name: "text without a value",
    args: "--a --b 1",
    options: { string: ["a"] },
    expected: { a: "", b: 1, _: [] },
  },
  { name: "an absent text option", args: "", options: { string: ["a"] }, expected: { _: [] } },
  { name: "a path with = in it", args: "--a=x=y", options: { string: ["a"] }, expected: { a: "x=y", _: [] } },
  {
    name: "a switch takes no value",
    args: "--a b",
    options: { boolean: ["a"] },
    expected: { a: true, _: ["b"] },
  },
  { name: "an absent switch", args: "", options: { boolean: ["a"] }, expected: { a: false, _: [] } },
  {
    name: "a switch spelled out",
    args: "--a=false",
    options: { boolean: ["a"] },
    expected: { a: false, _: [] },
  },
  {
    name: "all options as switches",
    args: "--a b --c=1",
    options: { boolean: true },
    expected: { a: true, c: 1, _: ["b"] },
  },
  {
    name: "a repeated option has its last value",
    args: "--a 1 --a 2",
    options: { string: "a" },
    expected: { a: "2", _: [] },
  },
  {
    name: "a default",
    args: "--b 2",
    options: { string: ["a", "b"], default: { a: "1", b: "1" } },
    expected: { a: "1", b: "2", _: [] },
  },
  {
    name: "a default that is an array",
    args: "",
    options: { default: { a: [1, 2] } },
    expected: { a: [1, 2], _: [] },
  },
  {
    name: "collected values",
    args: "--a 1 --a 2 --b 3",
    options: { string: ["a", "b", "c"], collect: ["a", "b", "c"] },
    expected: { a: ["1", "2"], b: ["3"], c: [], _: [] },
  },
  {
    name: "aliases",
    args: "-h --old 5",
    options: { boolean: ["help"], string: ["new"], alias: { help: "h", new: ["old"] } },
    expected: { help: true, h: true, new: "5", old: "5", _: [] },
  },
  {
    name: "a negated switch",
    args: "--no-a",
    options: { boolean: ["a"], negatable: ["a"], default: { a: true } },
    expected: { a: false, _: [] },
  },
  {
    name: "a switch that is not negatable",
    args: "--no-a",
    options: { boolean: ["a"], default: { a: true } },
    expected: { a: true, "no-a": true, _: [] },
  },
  { name: "arguments after --", args: "a -- --b --no-c", expected: { _: ["a", "--b", "--no-c"] } },
  {
    name: "arguments after --, in a list of their own",
    args: "a -- --b --no-c",
    options: { "--": true },
    expected: { _: ["a"], "--": ["--b", "--no-c"] },
  },
  {
    name: "stop early",
    args: "--a 1 task --b 2 --no-c",
    options: { stopEarly: true },
    expected: { a: 1, _: ["task", "--b", "2", "--no-c"] },
  },
];

for (const { name, args, options, expected } of cases) {
  Deno.test(`parseArgs: ${name}`, () => {
    assertEquals<Record<string, unknown>>(parseArgs(args.split(" ").filter(Boolean), options), expected);
  });
}

Deno.test("parseArgs reports unknown arguments and can omit them", () => {
  const seen: unknown[][] = [];
  const parsed = parseArgs(["--size=1", "--colour=red", "--no-size", "file", "-x"], {
    string: ["size"],
    unknown: (...parts) => {
      seen.push(parts);
      return false;
    },
  });
  assertEquals<unknown>(parsed, { size: "1", _: [] });
  assertEquals(seen, [
    ["--colour=red", "colour", "red"],
    ["--no-size", "no-size", undefined],
    ["file"],
    ["-x", "x", undefined],
  ]);
});

Deno.test("parseArgs infers the type of its result", () => {
  const parsed = parseArgs(["--size", "3"], {
    string: ["size", "name", "files"],
    boolean: ["shuffle"],
    collect: ["files"],
    default: { name: "x" },
  });
  const size: string | undefined = parsed.size;
  const name: string = parsed.name;
  const shuffle: boolean = parsed.shuffle;
  const files: string[] = parsed.files;
  assertEquals([size, name, shuffle, files], ["3", "x", false, []]);
});
