/** The modules of cli, bench and scripts do not import one another in circles. */

import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

function modulesIn(folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? modulesIn(path) : name.endsWith(".ts") ? [path] : [];
  });
}

/** The modules that a module imports, types included. */
function importsOf(path: string): string[] {
  const source = Deno.readTextFileSync(join(root, path));
  return [...source.matchAll(/ from "(\.[^"]+)"/g)].map(([, target]) => join(dirname(path), target!));
}

/** The first circle that is found, as a path that ends where it begins. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const circle = visit(next, [...trail, path]);
      if (circle) return circle;
    }
    finished.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const circle = visit(path, []);
    if (circle) return circle;
  }
  return undefined;
}

Deno.test("no module of cli, bench and scripts is in an import circle", () => {
  const modules = ["cli", "bench", "scripts"].flatMap(modulesIn);
  assertEquals(findCircle(new Map(modules.map((path) => [path, importsOf(path)]))), undefined);
});

Deno.test("findCircle finds a circle", () => {
  const graph = new Map([["a", ["b"]], ["b", ["c", "d"]], ["c", []], ["d", ["b"]]]);
  assertEquals(findCircle(graph), ["b", "d", "b"]);
});
