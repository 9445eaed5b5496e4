/** The user's folder for files that can be made again. */

import { join } from "node:path";

/** vqray's folder in the user's cache folder, by the system's convention; undefined if the environment names none. */
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
