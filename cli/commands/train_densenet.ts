/** The options of `train:densenet`. */

import { dataFileOptions } from "./data_files.ts";
import { defineCommand } from "../command.ts";
import { nameOptions, speedOptions } from "./shared.ts";
import {
  checkpointOptions,
  dataOptions,
  memoryOptions,
  precisionOptions,
  reportOptions,
  runOptions,
} from "./training.ts";

export const trainDensenetCommand = defineCommand({
  name: "train:densenet",
  summary: "train a DenseNet-121 on the labelled images of an HDF5 file",
  examples: [
    "./vqray train:densenet --data_path data --dataset fashion --view all --size 32 --batch_size 32 --n_epochs 2",
    "./vqray train:densenet --data_path train.hdf5 --valid_path valid.hdf5 --pretrained densenet121.pth --pos_weight auto",
    "./vqray train:densenet --data_path train.hdf5 --recon latent --vqvae_file runs/vqvae/checkpoint/best_vqvae.safetensors",
  ],
  options: {
    ...dataOptions,
    save_path: { kind: "text", value: "FOLDER", help: "folder of the run", default: "runs/densenet" },
    ...nameOptions,
    ...dataFileOptions,
    recon: {
      kind: "text",
      value: "KIND",
      choices: ["orig", "recon", "latent"],
      help: "what is classified: orig (original images), recon (reconstructions) or latent (latents)",
      default: "orig",
    },
    vqvae_file: {
      kind: "text",
      value: "FILE",
      help: "with --recon recon or latent: a codec that encodes original images as they are read",
    },
    n_epochs: { kind: "integer", least: 1, help: "epochs", default: 100 },
    batch_size: { kind: "integer", least: 1, help: "images in a step", default: 64 },
    ...memoryOptions,
    ...precisionOptions,
    lr: { kind: "number", above: 0, help: "Adam's learning rate at the start", default: 1e-4 },
    b1: { kind: "number", least: 0, help: "Adam's decay of the mean of the gradients", default: 0.9 },
    b2: { kind: "number", least: 0, help: "Adam's decay of the mean of their squares", default: 0.999 },
    weight_decay: { kind: "number", least: 0, help: "L2 regularisation", default: 1e-6 },
    n_classes: { kind: "integer", least: 1, help: "labels of an image; default: as in the file" },
    pos_weight: {
      kind: "text",
      value: "W",
      help:
        "weight of positive labels: a number, one for each class (1,2.5,…), or auto: negatives divided by positives",
      default: "1",
    },
    pretrained: {
      kind: "text",
      value: "FILE",
      help: "start from the features of torchvision's densenet121 trained on ImageNet",
    },
    ...runOptions,
    ...checkpointOptions,
    ...speedOptions,
    ...reportOptions,
  },
});
