/** How the training commands run: `--list_adapters`, the paths of the data, notes and progress, the exit code. */

import { listAdapters } from "../src/gpu/device.ts";
import type { RunContext } from "../src/report/run_context.ts";
import { textTable } from "../src/report/table.ts";
import type { TrainOutcome } from "../src/train/run_options.ts";
import type { TuneMode } from "../src/tune/tuner.ts";
import { cacheFolder } from "./cache_folder.ts";
import { requireDataPath } from "./required.ts";
import { stopAfter, terminal } from "./terminal.ts";
import { versions } from "./versions.ts";

/** The options on which `runTraining` acts itself. */
interface TrainingValues {
  data_path?: string;
  valid_path?: string;
  tune?: TuneMode;
  list_adapters: boolean;
}

/** What a training is given: the command's options, with the data's paths and the tuner's settings in place. */
type TrainingOptions<Values> =
  & Omit<Values, "tune" | "list_adapters">
  & ReturnType<typeof tuning>
  & DataPaths;

interface DataPaths {
  data_path: string;
  valid_path?: string;
}

/**
 * Trains with notes and progress on standard error, until the end or a signal. With `--list_adapters` it prints the
 * adapters instead. Returns the exit code.
 */
export async function runTraining<Values extends TrainingValues>(
  { list_adapters, tune, ...rest }: Values,
  train: (options: TrainingOptions<Values>, context: RunContext) => Promise<TrainOutcome>,
): Promise<number> {
  if (list_adapters) {
    await printAdapters();
    return 0;
  }
  const paths = await dataPaths(rest);
  using stop = stopAfter("step");
  const outcome = await train({ ...rest, ...tuning(tune), ...paths }, { ...terminal, stop, versions });
  console.error(`${outcome.checkpoint}: ${outcome.epochs} epochs, ${outcome.steps} steps`);
  return outcome.exitCode ?? 0;
}

/** The tuner's mode, and the folder in which it keeps what it finds. */
export function tuning(tune?: TuneMode): { tune?: TuneMode; cache_folder?: string } {
  return { tune, cache_folder: cacheFolder() };
}

async function printAdapters(): Promise<void> {
  const rows = (await listAdapters()).map((
    { index, name, software },
  ) => [String(index), name, software ? "software" : "GPU"]);
  console.log(textTable(["index", "adapter", "kind"], rows));
}

/** A folder holds both files, so it is also the default of `--valid_path`. */
async function dataPaths({ data_path, valid_path }: Partial<DataPaths>): Promise<DataPaths> {
  const path = requireDataPath(data_path);
  const isFolder = await Deno.stat(path).then((info) => info.isDirectory, () => false);
  return { data_path: path, valid_path: valid_path ?? (isFolder ? path : undefined) };
}
