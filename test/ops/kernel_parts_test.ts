/** The parts that kernels share: each file of kernels/parts is known by its name and used. */

import { assert, assertEquals } from "@std/assert";
import { kernelParts } from "../../src/ops/kernel_parts.ts";

const folder = new URL("../../kernels/", import.meta.url);

async function kernelsIn(directory: URL): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for await (const { name } of Deno.readDir(directory)) {
    if (!name.endsWith(".wgsl")) continue;
    sources.set(name.replace(".wgsl", ""), await Deno.readTextFile(new URL(name, directory)));
  }
  return sources;
}

const kernels = await kernelsIn(folder);
const parts = await kernelsIn(new URL("parts/", folder));

Deno.test("the table of parts has every file of kernels/parts, under its name", () => {
  const sorted = (entries: Iterable<[string, string]>) => Object.fromEntries([...entries].toSorted());
  assertEquals(sorted(Object.entries(kernelParts)), sorted(parts));
});

Deno.test("every part is used in more than one place, and every part that is used exists", () => {
  const uses = new Map<string, number>();
  for (const source of [...kernels.values(), ...parts.values()]) {
    for (const [, name] of source.matchAll(/^\s*\/\/: use (\w+)/gm)) {
      uses.set(name!, (uses.get(name!) ?? 0) + 1);
    }
  }
  assertEquals([...uses.keys()].toSorted(), [...parts.keys()].toSorted());
  for (const [name, count] of uses) assert(count > 1, `${name} is used once`);
});

Deno.test("every part begins with a comment that says what it is", () => {
  for (const [name, source] of parts) assert(/^\/\/ \S/.test(source), name);
});
