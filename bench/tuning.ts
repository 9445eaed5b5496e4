/** The tuner as training has it, for what is measured. */

import { tuning } from "../cli/training_options.ts";
import type { Gpu } from "../src/gpu/device.ts";
import { Tuner } from "../src/tune/tuner.ts";

/** Says on standard error what it does. */
export async function openTuner(gpu: Gpu, tune: string | undefined): Promise<Tuner> {
  const { tune: mode, cache_folder: folder } = tuning(tune);
  return await Tuner.open(gpu, { mode, folder, note: (text) => console.error(text) });
}
