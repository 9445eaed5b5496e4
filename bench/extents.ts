/** Sizes of the tensors for the ceilings: large enough to keep the adapter busy and to exceed its caches. */

import type { AdapterDescription } from "../src/gpu/device.ts";

export interface Extents {
  /** Elements of a tensor on which each element takes thousands of multiply-adds. */
  multiplied: number;
  /** Elements of a tensor that is only read and written. */
  streamed: number;
  /** Images in a convolution, and their side in pixels. */
  images: number;
  side: number;
}

/** The most elements, and the largest image side, for which a float64 reference does not take seconds. */
export const checkedElements = 2 ** 23;
export const checkedSide = 16;

/** Tensors of 32 MiB and one image for software adapters, of 256 MiB and a batch for GPUs. */
export function extentsFor({ software }: Pick<AdapterDescription, "software">): Extents {
  return software
    ? { multiplied: 2 ** 20, streamed: 2 ** 23, images: 1, side: 64 }
    : { multiplied: 2 ** 24, streamed: 2 ** 26, images: 32, side: 64 };
}
