/**
 * The source keeps to its architecture: what may import what, what a browser can load, how long files and lines are.
 */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Sources } from "./architecture/imports.ts";
import {
  circleFaults,
  directionFaults,
  type FolderRule,
  lengthFaults,
  orderFaults,
  platformFaults,
  rulesInMarkdown,
  webGpuFaults,
  widthFaults,
} from "./architecture/rules.ts";

/**
 * Which folder may import which: each only folders that stand above it. Folders of `src` go by their own names; `src`
 * is the modules directly in it.
 */
const rules: readonly FolderRule[] = ([
  ["kernels", ""],
  ["src", ""],
  ["std", ""],
  ["graph", ""],
  ["ops", "kernels src graph"],
  ["nn", "src graph ops"],
  ["models", "src graph ops nn"],
  ["plan", "src graph"],
  ["optim", "graph ops nn plan"],
  ["gpu", "src graph plan"],
  ["workers", "src"],
  ["io", "src"],
  ["data", "src workers io"],
  ["vqr", "src"],
  ["metrics", "src data"],
  ["report", "src metrics"],
  ["images", "src workers io"],
  ["create", "src models workers io data report images"],
  ["tune", "src graph ops plan gpu io"],
  ["trained", "src graph ops nn models plan gpu io metrics"],
  ["apply", "src models gpu io data metrics report trained"],
  ["distributed", ""],
  ["train", "src graph ops nn models plan optim gpu io data metrics report tune trained distributed"],
  ["cli", "src graph models gpu io data metrics report images create tune trained apply train"],
  ["bench", "kernels src graph ops nn models plan optim gpu io data metrics report tune train cli vqr"],
] as const).map(([folder, mayImport]) => [folder, mayImport.split(" ").filter((each) => each)]);

/** Types alone: a tensor has an operation, which makes tensors of tensors and lowers them. */
const knownCircles = [["src/graph/lowering.ts", "src/graph/operation.ts", "src/graph/tensor.ts"]];

const root = fileURLToPath(new URL("../", import.meta.url));

async function readSources(folders: readonly string[]): Promise<Sources> {
  const sources = new Map<string, string>();
  const read = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(join(root, folder))) {
      const path = `${folder}/${name}`;
      if (isDirectory) await read(path);
      else if (/\.(ts|wgsl)$/.test(name)) sources.set(path, await Deno.readTextFile(join(root, path)));
    }
  };
  for (const folder of folders) await read(folder);
  return sources;
}

const product = await readSources(["src", "kernels", "cli", "bench"]);
const everything = new Map([...product, ...await readSources(["test", "scripts"])]);

/** What a browser loads: engine, trained models and compressed format, without the modules that read files. */
function isForBrowsers(path: string): boolean {
  return /^src\/(trained|models|nn|ops|plan|gpu|graph|vqr)\//.test(path) && !path.endsWith("_file.ts");
}

Deno.test("what a browser loads names neither Deno nor Node.js nor packages", () => {
  assertEquals(platformFaults(product, isForBrowsers), []);
});

Deno.test("only src/gpu names WebGPU", () => {
  assertEquals(webGpuFaults(product, (path) => path.startsWith("src/gpu/")), []);
});

Deno.test("folders import what the rules allow", () => {
  assertEquals(directionFaults(product, rules), []);
});

Deno.test("the rules allow no circle, and ARCHITECTURE.md gives the same", async () => {
  assertEquals(orderFaults(rules), []);
  assertEquals(rulesInMarkdown(await Deno.readTextFile(join(root, "ARCHITECTURE.md"))), rules);
});

Deno.test("no modules import each other in a circle, but for the types of the graph", () => {
  assertEquals(circleFaults(product, knownCircles), []);
});

Deno.test("no file has more than 300 lines", () => {
  assertEquals(lengthFaults(everything, 300), []);
});

Deno.test("no comment is wider than 120 columns", () => {
  assertEquals(widthFaults(everything, 120), []);
});
