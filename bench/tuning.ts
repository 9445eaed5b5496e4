/** The tuner with the settings that training gives it. */

import { tuning } from "../cli/training.ts";
import type { Gpu } from "../src/gpu/device.ts";
import { type TuneMode, Tuner } from "../src/tune/tuner.ts";

/** Opens the tuner; it prints what it does on standard error. */
export async function openTuner(gpu: Gpu, tune: TuneMode | undefined): Promise<Tuner> {
  const { tune: mode, cache_folder: folder } = tuning(tune);
  return await Tuner.open(gpu, { mode, folder, note: (text) => console.error(text) });
}
