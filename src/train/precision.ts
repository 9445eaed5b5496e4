/** Checks that an adapter can train in the requested precision. */

import { UsageError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import type { RunOptions } from "./run_options.ts";

/**
 * Checks that the GPU can train in the precision of the options.
 *
 * @throws {UsageError} if the precision is float16 and the adapter cannot store float16.
 */
export function requirePrecision({ precision }: Pick<RunOptions, "precision">, gpu: Gpu): void {
  if (precision !== "f16" || gpu.target.halves) return;
  throw new UsageError(
    `--precision f16: ${gpu.adapter.name} has no float16 (WebGPU's shader-f16), expected f32`,
  );
}
