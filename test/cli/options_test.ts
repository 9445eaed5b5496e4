/** Reading command lines. */

import { assertEquals, assertThrows } from "@std/assert";
import { type Command, defineCommand } from "../../cli/command.ts";
import { readOptions } from "../../cli/options.ts";
import { requireCodecPaths } from "../../cli/required.ts";
import { UsageError } from "../../src/errors.ts";

const command = defineCommand({
  name: "test",
  summary: "a command with an option of each kind",
  examples: [],
  options: {
    data_path: { kind: "text", help: "a path" },
    kind: { kind: "text", choices: ["orig", "recon", "latent"], help: "a choice", default: "orig" },
    stride: { kind: "integer", choices: [2, 4], help: "a number of a list", default: 4 },
    epochs: { kind: "integer", least: 1, help: "a whole number" },
    lr: { kind: "number", above: 0, help: "a number", default: 0.5 },
    shuffle: { kind: "flag", help: "a flag that is on", default: true },
    resume: { kind: "flag", help: "a flag that is off" },
  },
});

function read(...args: string[]) {
  return readOptions(args, command)!;
}

Deno.test("readOptions gives defaults, undefined, and false for options that are not given", () => {
  assertEquals(read(), {
    data_path: undefined,
    kind: "orig",
    stride: 4,
    epochs: undefined,
    lr: 0.5,
    shuffle: true,
    resume: false,
  });
});

Deno.test("readOptions takes underscores and dashes, spaces and equals signs, and --no-name", () => {
  const values = read(
    "--data-path=a-b=c",
    "--kind",
    "latent",
    "--epochs=3",
    "--lr",
    "1e-3",
    "--no-shuffle",
    "--resume",
  );
  assertEquals(values, {
    data_path: "a-b=c",
    kind: "latent",
    stride: 4,
    epochs: 3,
    lr: 0.001,
    shuffle: false,
    resume: true,
  });
});

const mistakes: [args: string[], message: string][] = [
  [["data"], "data: test takes options only; see --help"],
  [["--data_paht", "x"], "--data_paht: no such option; did you mean --data_path?; see --help"],
  [["--nothing_alike"], "--nothing_alike: no such option; see --help"],
  [["--data_path", ""], '--data_path "": expected a value'],
  [["--kind", "pixels"], "--kind pixels: expected orig, recon or latent"],
  [["--stride", "3"], "--stride 3: expected 2 or 4"],
  [["--epochs", "1.5"], "--epochs 1.5: expected a whole number"],
  [["--epochs", "0"], "--epochs 0: expected at least 1"],
  [["--lr", "fast"], "--lr fast: expected a number"],
  [["--lr", "0"], "--lr 0: expected more than 0"],
];

for (const [args, message] of mistakes) {
  Deno.test(`readOptions refuses ${args.join(" ")}`, () => {
    const error = assertThrows(() => read(...args), UsageError);
    assertEquals((error as Error).message, message);
  });
}

Deno.test("readOptions prints the help and returns nothing for --help and -h", () => {
  const print = console.log;
  const printed: string[] = [];
  console.log = (text: string) => void printed.push(text);
  try {
    for (const flag of ["--help", "-h"]) assertEquals(readOptions([flag], command as Command), undefined);
  } finally {
    console.log = print;
  }
  assertEquals(printed.length, 2);
  assertEquals(printed[0]!.split("\n")[0], "test: a command with an option of each kind");
});

Deno.test("requireCodecPaths names the first option that is missing", () => {
  const paths = { model: "codec.safetensors", data_path: "valid.hdf5", save_path: "out" };
  assertEquals(requireCodecPaths(paths), {
    vqvae_file: "codec.safetensors",
    data_path: "valid.hdf5",
    save_path: "out",
  });
  for (const name of Object.keys(paths)) {
    assertThrows(
      () => requireCodecPaths({ ...paths, [name]: undefined }),
      UsageError,
      `--${name} is missing: expected `,
    );
  }
});

Deno.test("readOptions takes a synonym, and refuses an option that is given under two names", () => {
  const model = { kind: "text", synonyms: ["vqvae_file", "init"], help: "a model" } as const;
  const named = defineCommand({ name: "test", summary: "a command", examples: [], options: { model } });
  for (const args of [["--model", "a"], ["--vqvae-file", "a"], ["--vqvae_file=a"], ["--init", "a"]]) {
    assertEquals(readOptions(args, named), { model: "a" });
  }
  assertThrows(
    () => readOptions(["--init", "a", "--model=b"], named),
    UsageError,
    "--model, --init: the same option; expected only one of the two",
  );
  assertThrows(() => readOptions(["--vqvae_fil", "a"], named), UsageError, "did you mean --vqvae_file?");
});
