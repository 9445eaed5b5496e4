/** Where things are kept that can be made again. */

import { join } from "node:path";

/** The user's folder for caches by the system's convention, and ours in it; undefined where the environment names none. */
export function cacheFolder(): string | undefined {
  const home = Deno.env.get("HOME");
  const conventional: Partial<Record<typeof Deno.build.os, string | undefined>> = {
    windows: Deno.env.get("LOCALAPPDATA"),
    darwin: home && join(home, "Library", "Caches"),
  };
  const base = Deno.env.get("XDG_CACHE_HOME") || conventional[Deno.build.os] ||
    (home && join(home, ".cache"));
  return base ? join(base, "vqray") : undefined;
}
