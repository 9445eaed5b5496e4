/** The readers of bytes can be imported by a browser: nothing that they import uses Deno or Node. */

import { assert, assertEquals } from "@std/assert";

/** The npm packages that they may use; both run in browsers. */
const browserPackages = ["fflate", "fast-png"];

/** The paths of a module and of all local modules that it imports, and the other names that these import. */
function importsOf(entry: URL): { files: Map<string, string>; packages: Set<string> } {
  const files = new Map<string, string>();
  const packages = new Set<string>();
  const pending = [entry];
  for (let url = pending.pop(); url; url = pending.pop()) {
    if (files.has(url.pathname)) continue;
    const source = Deno.readTextFileSync(url);
    files.set(url.pathname, source);
    for (const [, name] of source.matchAll(/^(?:import|export|\}) .*?from "([^"]+)";$/gm)) {
      if (name!.startsWith(".")) pending.push(new URL(name!, url));
      else packages.add(name!);
    }
  }
  return { files, packages };
}

for (const module of ["weights", "safetensors", "torch", "host_tensor", "byte_source", "printable", "png"]) {
  Deno.test(`src/io/${module}.ts imports nothing of Deno or Node`, () => {
    const { files, packages } = importsOf(new URL(`../../src/io/${module}.ts`, import.meta.url));
    for (const [path, source] of files) {
      const code = source.replaceAll(/\/\*\*[^]*?\*\//g, "");
      assert(!/\bDeno\b|\bprocess\b|\bBuffer\b/.test(code), path);
    }
    assertEquals([...packages].filter((name) => !browserPackages.includes(name)), []);
  });
}

Deno.test("the search for imports finds what the readers of files use", () => {
  const { files, packages } = importsOf(new URL("../../src/io/safetensors_file.ts", import.meta.url));
  assert([...files.keys()].some((path) => path.endsWith("/src/io/safetensors.ts")));
  assert([...files.keys()].some((path) => path.endsWith("/src/io/host_tensor.ts")));
  assert(packages.has("node:path"));
});
