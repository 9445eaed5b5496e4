/** The rules that keep the source in order. Each returns one line for every fault. */

import { circles, importGraph, importsOf, type Sources } from "./imports.ts";
import { scan } from "./source_text.ts";

/** A folder and the folders that its modules may import, their own always included. */
export type FolderRule = readonly [folder: string, mayImport: readonly string[]];

/**
 * The folder of a module in the rules: the name of a folder in `src` or in the root, or `src` for a module directly
 * in it.
 */
export function folderOf(path: string): string {
  const [first, second, ...rest] = path.split("/");
  return first === "src" && rest.length > 0 ? second! : first!;
}

/** Modules that browsers load, and all that they import, may name neither Deno nor Node.js nor packages. */
export function platformFaults(sources: Sources, isEntry: (path: string) => boolean): string[] {
  const faults: string[] = [];
  const importedBy = new Map<string, string>();
  const open = [...sources.keys()].filter((path) => path.endsWith(".ts") && isEntry(path));
  for (const path of open) importedBy.set(path, "");
  for (let path = open.pop(); path; path = open.pop()) {
    const source = sources.get(path);
    if (source === undefined || !path.endsWith(".ts")) continue;
    const { specifiers, modules } = importsOf(path, source);
    const by = importedBy.get(path);
    const where = by ? `${path} (imported by ${by})` : path;
    if (/\bDeno\b/.test(scan(source).code)) faults.push(`${where} names Deno`);
    for (const specifier of specifiers) {
      if (!specifier.startsWith(".")) faults.push(`${where} imports ${specifier}`);
    }
    for (const module of modules) {
      if (importedBy.has(module)) continue;
      importedBy.set(module, path);
      open.push(module);
    }
  }
  return faults.sort();
}

/** Only modules that `mayName` allows may name WebGPU's globals and types. */
export function webGpuFaults(sources: Sources, mayName: (path: string) => boolean): string[] {
  return [...sources].filter(([path]) => path.endsWith(".ts") && !mayName(path)).flatMap(([path, source]) => {
    const [name] = /\bnavigator\??\.gpu\b|\bGPU[A-Z]\w*/.exec(scan(source).code) ?? [];
    return name ? [`${path} names ${name}`] : [];
  });
}

/** Imports between folders must follow the rules; a folder without a rule is a fault. */
export function directionFaults(sources: Sources, rules: readonly FolderRule[]): string[] {
  const allowed = new Map(rules);
  const faults = new Set<string>();
  for (const [path, modules] of importGraph(sources)) {
    const folder = folderOf(path);
    const mayImport = allowed.get(folder);
    if (!mayImport) {
      faults.add(`${folder} is in no rule`);
      continue;
    }
    for (const module of modules) {
      const target = folderOf(module);
      if (target !== folder && !mayImport.includes(target) && /\.(ts|wgsl)$/.test(module)) {
        faults.add(`${path} imports ${module}, but ${folder} may not import ${target}`);
      }
    }
  }
  return [...faults].sort();
}

/** A folder may import folders above it in the list only, so that the rules allow no circle. */
export function orderFaults(rules: readonly FolderRule[]): string[] {
  const above = new Set<string>();
  return rules.flatMap(([folder, mayImport]) => {
    const below = mayImport.filter((each) => !above.has(each));
    above.add(folder);
    return below.map((each) => `${folder} may import ${each}, which does not stand above it`);
  });
}

/** Modules may not import each other in a circle, except in those that are known. */
export function circleFaults(sources: Sources, known: readonly (readonly string[])[]): string[] {
  const names = new Set(known.map((circle) => circle.toSorted().join(" ↔ ")));
  return circles(importGraph(sources)).map((circle) => circle.join(" ↔ ")).filter((name) => !names.has(name));
}

/** Files must be short. */
export function lengthFaults(sources: Sources, most: number): string[] {
  return [...sources].flatMap(([path, source]) => {
    const count = source.trimEnd().split("\n").length;
    return count > most ? [`${path} has ${count} lines, more than ${most}`] : [];
  });
}

/** Comments must be narrow; a template's directive in WGSL (`//: if …`) is none. */
export function widthFaults(sources: Sources, most: number): string[] {
  return [...sources].flatMap(([path, source]) => {
    const { commentLines } = scan(source);
    return source.split("\n").flatMap((line, index) => {
      const width = [...line].length;
      const isWide = width > most && commentLines.has(index) && !/^\s*\/\/:/.test(line);
      return isWide ? [`${path}:${index + 1} has ${width} columns, more than ${most}`] : [];
    });
  });
}

/** The folder rules of a Markdown table with the columns "folder" and "may import", names in backquotes. */
export function rulesInMarkdown(markdown: string): FolderRule[] {
  const [, table = ""] = /^\| folder \| may import \|\n\|[-| ]+\|\n((?:\|.*\n)+)/m.exec(markdown) ?? [];
  const names = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
  return table.trimEnd().split("\n").map((row) => {
    const [, folder = "", mayImport = ""] = row.split("|");
    return [names(folder)[0] ?? "", names(mayImport)];
  });
}
