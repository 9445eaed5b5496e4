/** `train:vqvae`: trains a codec from HDF5 files. */

import { defaultConfiguration, type VqvaeConfiguration } from "../src/models/vqvae/configuration.ts";
import { trainVqvae } from "../src/train/vqvae/train.ts";
import { trainVqvaeCommand } from "./commands/train_vqvae.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { runTraining } from "./training.ts";

async function main(): Promise<number> {
  const values = readOptions(Deno.args, trainVqvaeCommand);
  if (!values) return 0;
  const names = Object.keys(defaultConfiguration) as (keyof VqvaeConfiguration)[];
  const configuration = Object.fromEntries(
    names.map((name) => [name, values[name]]),
  ) as unknown as VqvaeConfiguration;
  return await runTraining(values, (options, context) => trainVqvae({ ...options, configuration }, context));
}

await run(main);
