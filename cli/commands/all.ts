/** The commands in cli/, in the order of the tasks in deno.json. */

import type { Command } from "../command.ts";
import { demoCommand } from "./demo.ts";
import { demoClassifyCommand } from "./demo_classify.ts";
import { evaluateCommand } from "./evaluate.ts";
import { hdf5CreateCommand } from "./hdf5_create.ts";
import { hdf5EncodeCommand } from "./hdf5_encode.ts";
import { imagesCommand } from "./images.ts";
import { trainDensenetCommand } from "./train_densenet.ts";
import { trainVqvaeCommand } from "./train_vqvae.ts";

export const mainCommands: readonly Command[] = [
  trainVqvaeCommand,
  trainDensenetCommand,
  hdf5CreateCommand,
  hdf5EncodeCommand,
  evaluateCommand,
  imagesCommand,
  demoCommand,
  demoClassifyCommand,
];
