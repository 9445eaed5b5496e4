/** How large the tensors of benchmarks are that no model dictates: enough to keep the adapter busy, and too large for its caches. */

import type { AdapterDescription } from "../src/gpu/device.ts";

export interface Extents {
  /** Elements of which each takes thousands of multiply-adds. */
  multiplied: number;
  /** Elements of a tensor that is only streamed. */
  streamed: number;
  /** Images of a convolution, and their side. */
  images: number;
  side: number;
}

/** References for more elements than this, or larger images, would take seconds: kernels are checked with these. */
export const checkedElements = 2 ** 23;
export const checkedSide = 16;

/** Tensors of 32 MiB and one image for processors, of 256 MiB and a batch for cards. */
export function extentsFor({ software }: Pick<AdapterDescription, "software">): Extents {
  return software
    ? { multiplied: 2 ** 20, streamed: 2 ** 23, images: 1, side: 64 }
    : { multiplied: 2 ** 24, streamed: 2 ** 26, images: 32, side: 64 };
}
