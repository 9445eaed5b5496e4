/** Which module imports which. */

import { dirname, join } from "node:path/posix";
import { scan } from "./source_text.ts";

/** Sources by their paths from the project's root. */
export type Sources = ReadonlyMap<string, string>;

/** A module's imports, as it writes them, and those of the project as paths from its root. */
export interface Imports {
  specifiers: string[];
  modules: string[];
}

const pattern =
  /\b(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"|\bnew\s+URL\(\s*"(\.[^"]+\.ts)"/g;

/**
 * Every static or dynamic import and re-export of a module, those of types alone included, and the workers that it
 * starts.
 */
export function importsOf(path: string, source: string): Imports {
  const specifiers = [...scan(source).withoutComments.matchAll(pattern)].map(([, ...found]) =>
    found.find((specifier) => specifier)!
  );
  const modules = specifiers.filter((specifier) => specifier.startsWith("."))
    .map((specifier) => join(dirname(path), specifier));
  return { specifiers, modules };
}

/** The project's modules, each with those that it imports. */
export function importGraph(sources: Sources): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const [path, source] of sources) {
    if (path.endsWith(".ts")) graph.set(path, importsOf(path, source).modules);
  }
  return graph;
}

/**
 * The groups of modules that reach each other through their imports (strongly connected components of more than one
 * module), each sorted by path.
 */
export function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (module: string) => {
    order.set(module, order.size);
    lowest.set(module, order.get(module)!);
    open.push(module);
    for (const next of graph.get(module) ?? []) {
      if (!order.has(next)) visit(next);
      if (open.includes(next)) lowest.set(module, Math.min(lowest.get(module)!, lowest.get(next)!));
    }
    if (lowest.get(module) !== order.get(module)) return;
    const group = open.splice(open.indexOf(module));
    if (group.length > 1 || graph.get(module)?.includes(module)) found.push(group.sort());
  };
  for (const module of graph.keys()) if (!order.has(module)) visit(module);
  return found;
}
