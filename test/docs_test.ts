/** Checks the Markdown documents: links, pictures and files exist, commands are tasks, and their options exist. */

import { findOption } from "../cli/command.ts";
import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };
import { documentedCommands } from "../scripts/write_cli_docs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = [".", "docs", "bench", "data"];

interface Document {
  path: string;
  text: string;
}

const documents: Document[] = [];
for (const folder of folders) {
  for (const { name } of Deno.readDirSync(join(root, folder))) {
    if (!name.endsWith(".md")) continue;
    const path = join(folder, name);
    documents.push({ path, text: Deno.readTextFileSync(join(root, path)) });
  }
}

/** The anchors that GitHub makes of a document's headings. */
function anchorsOf(text: string): string[] {
  const withoutCode = text.replace(/^```[^]*?^```/gm, "");
  return [...withoutCode.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

/** Targets of links and pictures that lie in the repository. */
function relativeTargets(text: string): string[] {
  const withoutCode = text.replace(/^```[^]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  return [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Calls of ./vqray in code, with lines that end in a backslash joined, and comments and quoted arguments removed. */
function commandLines(text: string): string[] {
  return [...text.replace(/\\\n\s*/g, "").matchAll(/\.\/vqray ([^`\n]*)/g)]
    .map(([, line]) => line!.replace(/'[^']*'|"[^"]*"/g, "").replace(/\s#.*$/, "").trim())
    .filter((line) => line !== "");
}

for (const { path, text } of documents) {
  Deno.test(`${path}: links and pictures exist`, async () => {
    for (const target of relativeTargets(text)) {
      const [file, anchor] = target.split("#") as [string, string | undefined];
      const resolved = join(root, file === "" ? path : join(dirname(path), file));
      assert(await Deno.stat(resolved).then(() => true, () => false), `${path}: there is no ${target}`);
      if (anchor === undefined) continue;
      assert(anchorsOf(await Deno.readTextFile(resolved)).includes(anchor), `${path}: there is no ${target}`);
    }
  });

  Deno.test(`${path}: files that are named exist`, async () => {
    for (const [, named] of text.matchAll(/`((?:bench|cli|docs|kernels|scripts|src|test)\/[\w./-]*)`/g)) {
      // Placeholders, and the operation that docs/extending.md adds as a trial.
      if (/NAME|FAMILY|tanh/.test(named!)) continue;
      const exists = await Deno.stat(join(root, named!)).then(() => true, () => false);
      assert(exists, `${path}: there is no ${named}`);
    }
  });

  Deno.test(`${path}: commands are tasks, and their options exist`, () => {
    for (const line of commandLines(text)) {
      const [task, ...args] = line.split(/\s+/) as [string, ...string[]];
      // Such as `./vqray COMMAND --help`.
      if (/^[A-Z…]+$/.test(task)) continue;
      assert(task in project.tasks, `${path}: ./vqray ${line}: there is no task ${task}`);
      const options = documentedCommands.find(({ name }) => name === task)?.options;
      if (!options) continue;
      for (const arg of args.filter((arg) => arg.startsWith("--"))) {
        const name = arg.slice(2).replace(/=.*/, "").replaceAll("-", "_");
        const isFlagTurnedOff = name.startsWith("no_") && options[name.slice(3)]?.kind === "flag";
        assert(
          findOption(options, name) || name === "help" || isFlagTurnedOff,
          `${path}: ./vqray ${line}: there is no option ${arg}`,
        );
      }
    }
  });
}

Deno.test("every document in docs/ can be reached from the README", () => {
  const linked = new Set<string>();
  const visit = (path: string) => {
    if (linked.has(path)) return;
    linked.add(path);
    const text = documents.find((document) => document.path === path)?.text ?? "";
    for (const target of relativeTargets(text)) {
      const file = target.split("#")[0]!;
      if (file !== "") visit(join(dirname(path), file));
    }
  };
  visit("README.md");
  const missing = documents.map(({ path }) => path).filter((path) => !linked.has(path));
  assertEquals(missing, []);
});
