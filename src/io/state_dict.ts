/** A model's weights as a file holds them, and how messages name their keys. */

import type { HostTensor } from "./host_tensor.ts";
import { printable } from "./printable.ts";

/** Tensors by name that may be a model's weights: a state dict, or the tensors of a pickled module. */
export interface StateDict {
  /** The state dict's place in the file, such as "state_dict" or "ema.module"; "" if it is the whole content. */
  place: string;
  tensors: Map<string, HostTensor>;
  /**
   * Entries that look like tensors but cannot be read, each with what it is, such as "a tensor of
   * ComplexFloatStorage".
   */
  unreadable: Map<string, string>;
}

/** Names for a message. */
export function keysText(keys: readonly unknown[]): string {
  const shown = keys.slice(0, 20).map((key) => {
    return typeof key === "string" || typeof key === "number" ? printable(String(key), 40) : "…";
  });
  return printable(shown.join(", ") + (keys.length > 20 ? ", …" : ""));
}
