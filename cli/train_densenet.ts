/** `train:densenet`: trains a classifier from HDF5 files. */

import { densenet121 } from "../src/models/densenet/configuration.ts";
import { trainDensenet } from "../src/train/densenet/train.ts";
import { trainDensenetCommand } from "./commands/train_densenet.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { runTraining } from "./training.ts";

async function main(): Promise<number> {
  const values = readOptions(Deno.args, trainDensenetCommand);
  if (!values) return 0;
  const { n_classes: _, latent_channels: __, ...architecture } = densenet121;
  return await runTraining(
    values,
    (options, context) => trainDensenet({ ...options, architecture }, context),
  );
}

await run(main);
