/** Bundles modules as a page would load them. */

import { fileURLToPath } from "node:url";

interface Bundler {
  bundle(options: {
    entrypoints: string[];
    platform: "browser";
    write: false;
    minify: boolean;
  }): Promise<
    { success: boolean; errors: unknown[]; outputFiles?: { text(): string }[] }
  >;
}

/** The code of one module of this folder and of all that it imports, as one script. */
export async function bundle(entry: string, minify = false): Promise<string> {
  const path = fileURLToPath(new URL(entry, import.meta.url));
  const { bundle } = Deno as unknown as Bundler;
  const { success, errors, outputFiles = [] } = await bundle({
    entrypoints: [path],
    platform: "browser",
    write: false,
    minify,
  });
  if (!success || outputFiles.length !== 1) {
    throw new Error(
      `${entry} makes ${outputFiles.length} files: ${JSON.stringify(errors)}`,
    );
  }
  return outputFiles[0]!.text();
}

/** The module that a bundle is. */
// deno-lint-ignore no-explicit-any -- a bundle has no types
export async function load(code: string): Promise<any> {
  const url = URL.createObjectURL(
    new Blob([code], { type: "text/javascript" }),
  );
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
