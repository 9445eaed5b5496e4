/** Whether an adapter can train in the precision that was asked for. */

import { UsageError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import type { RunOptions } from "./run_options.ts";

/** Throws a UsageError where values are to be float16 and the adapter does not store any. */
export function requirePrecision({ precision }: Pick<RunOptions, "precision">, gpu: Gpu): void {
  if (precision !== "f16" || gpu.target.halves) return;
  throw new UsageError(
    `--precision f16: ${gpu.adapter.name} has no float16 (WebGPU's shader-f16), expected f32`,
  );
}
