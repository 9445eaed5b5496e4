/** The versions of vqray and Deno, which results and args.json record. */

import project from "../deno.json" with { type: "json" };

export const versions: Record<string, string> = {
  vqray: project.version,
  deno: Deno.version.deno,
  v8: Deno.version.v8,
};
