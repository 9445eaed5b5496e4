/** What a hostile file is. */

import type { Bytes } from "./torch_builder.ts";

/** A file, and whether it must be read (its weights are `weight` [2, 3], 0 … 5), must be refused, or may be either. */
export interface HostileFile {
  name: string;
  make(): Bytes;
  must: "read" | "refuse" | "end";
}

/** A file that a call would create if it ran. */
export const marker = "/tmp/vqray_hostile_marker";
