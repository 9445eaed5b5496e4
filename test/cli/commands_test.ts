/** The commands' option tables, their help, and docs/cli.md. */

import { assert, assertEquals } from "@std/assert";
import { cliReference, helpText } from "../../cli/help.ts";
import project from "../../deno.json" with { type: "json" };
import { cliDocumentPath, documentedCommands } from "../../scripts/write_cli_docs.ts";

const tasks = Object.entries(project.tasks);

Deno.test("docs/cli.md equals the option tables", async () => {
  assertEquals(
    await Deno.readTextFile(cliDocumentPath),
    cliReference(documentedCommands),
    "run: deno run --allow-read --allow-write scripts/write_cli_docs.ts",
  );
});

Deno.test("every task of deno.json that runs a program of vqray is a documented command, in the same order", () => {
  const programs = tasks.filter(([, { command }]) => / (cli|bench)\/\w+\.ts$/.test(command));
  assertEquals(documentedCommands.map(({ name }) => name), programs.map(([name]) => name));
});

Deno.test("the help of every command lists its options, defaults and examples", () => {
  for (const command of documentedCommands) {
    const help = helpText(command);
    assert(help.startsWith(`${command.name}: ${command.summary}\n`));
    for (const [name, rule] of Object.entries(command.options)) {
      const line = help.split("\n").find((line) => /^ {2}--(\w+)/.exec(line)?.[1] === name) ?? "";
      assert(line.includes(rule.help), `${command.name} --${name}: ${line}`);
      const hasDefault = rule.default !== undefined && rule.kind !== "flag";
      assertEquals(line.endsWith(` (default: ${rule.default})`), hasDefault, `${command.name} --${name}`);
    }
    for (const example of command.examples) assert(help.includes(`\n  ${example}`));
  }
});

Deno.test("help texts are single lines that name the choices and end without a full stop", () => {
  for (const { name, options } of documentedCommands) {
    for (const [option, { help, choices = [] }] of Object.entries(options)) {
      assert(/^\S[^\n]*[^\s.]$/.test(help), `${name} --${option}: ${help}`);
      for (const choice of choices) assert(help.includes(`${choice}`), `${name} --${option}: ${choice}`);
    }
  }
});

Deno.test("the names of options are spelled with underscores", () => {
  for (const { name, options } of documentedCommands) {
    for (const option of Object.keys(options)) {
      assert(/^[a-z][a-z0-9_]*$/.test(option), `${name} --${option}`);
    }
  }
});
