/** `train:densenet`: trains a classifier from HDF5 files. */

import { densenet121 } from "../src/models/densenet/configuration.ts";
import type { FloatType } from "../src/graph/layout.ts";
import type { ClassifierInput } from "../src/trained/classifier.ts";
import { trainDensenet } from "../src/train/densenet/train.ts";
import { nameOptions } from "./common_options.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import {
  checkpointOptions,
  dataOptions,
  dataPaths,
  memoryOptions,
  precisionOptions,
  printAdapters,
  reportOptions,
  runOptions,
  showTraining,
  speedOptions,
  tuning,
} from "./training_options.ts";

const table = {
  ...dataOptions,
  save_path: { kind: "text", value: "FOLDER", help: "where the run is kept", default: "runs/densenet" },
  ...nameOptions,
  recon: {
    kind: "text",
    value: "KIND",
    choices: ["orig", "recon", "latent"],
    help: "what is classified: orig, recon or latent",
    default: "orig",
  },
  vqvae_file: {
    kind: "text",
    value: "FILE",
    help: "a codec that makes recon or latent of original images on the fly",
  },
  n_epochs: { kind: "integer", least: 1, help: "epochs", default: 100 },
  batch_size: { kind: "integer", least: 1, help: "images in a step", default: 64 },
  ...memoryOptions,
  ...precisionOptions,
  lr: { kind: "number", above: 0, help: "Adam's learning rate at first", default: 1e-4 },
  b1: { kind: "number", least: 0, help: "Adam's decay of the gradients' mean", default: 0.9 },
  b2: { kind: "number", least: 0, help: "Adam's decay of their squares' mean", default: 0.999 },
  weight_decay: { kind: "number", least: 0, help: "L2 regularisation", default: 1e-6 },
  n_classes: { kind: "integer", least: 1, help: "labels of an image; those of the file if left out" },
  pos_weight: {
    kind: "text",
    value: "W",
    help:
      "weight of positive labels: a number, one for each class (1,2.5,…), or auto: negatives over positives",
    default: "1",
  },
  pretrained: {
    kind: "text",
    value: "FILE",
    help: "torchvision's densenet121 trained on ImageNet, whose features are the start",
  },
  ...runOptions,
  ...checkpointOptions,
  ...speedOptions,
  ...reportOptions,
} as const;

async function main(): Promise<number> {
  const description = {
    name: "train:densenet",
    summary: "trains a DenseNet-121 on the labelled images of an HDF5 file",
    examples: [
      "./vqray train:densenet --data_path data --dataset fashion --view all --size 32 --batch_size 32 --n_epochs 2",
      "./vqray train:densenet --data_path train.hdf5 --valid_path valid.hdf5 --pretrained densenet121.pth --pos_weight auto",
      "./vqray train:densenet --data_path train.hdf5 --recon latent --vqvae_file runs/vqvae/checkpoint/best_vqvae.safetensors",
    ],
  };
  const options = readOptions(Deno.args, description, table);
  if (!options) return 0;
  const { list_adapters, tune, ...rest } = options;
  if (list_adapters) {
    await printAdapters();
    return 0;
  }
  const paths = await dataPaths(rest);
  const { n_classes: _, latent_channels: __, ...architecture } = densenet121;
  const recon = rest.recon as ClassifierInput;
  const precision = rest.precision as FloatType;
  return await showTraining((context) =>
    trainDensenet({ ...rest, ...tuning(tune), ...paths, recon, precision, architecture }, context)
  );
}

await run(main);
