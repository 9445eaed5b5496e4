/** The options of `evaluate`, for classifiers and codecs together. */

import { defineCommand, type OptionValues } from "../command.ts";
import { dataFileOptions } from "./data_files.ts";
import { adapterOption } from "./shared.ts";

export const evaluateCommand = defineCommand({
  name: "evaluate",
  summary:
    "measure a codec's reconstructions and compression, or a classifier's AUROC, depending on the checkpoint",
  examples: [
    "./vqray evaluate --model runs/first/checkpoint/best_vqvae.safetensors --data_path valid.hdf5 --save_path runs/first/quality",
    "./vqray evaluate --model vqvae_040.pt --data_path data --dataset CheXpert,mimic --view frontal,lateral --manipulate noise,block,swirl",
    "./vqray evaluate --model runs/orig/checkpoint/best_densenet.safetensors --data_path valid.hdf5 --save_path runs/orig",
    "./vqray evaluate --compare orig.safetensors,recon.safetensors,latent.safetensors --data_path data --size 64",
    "./vqray evaluate --compare orig.safetensors,latent.safetensors --data_path valid.hdf5 --vqvae_file vqvae_040.safetensors",
  ],
  options: {
    model: {
      kind: "text",
      value: "FILE",
      help: "a codec or a classifier: a checkpoint of vqray, or weights from PyTorch",
    },
    data_path: {
      kind: "text",
      value: "PATH",
      help:
        "an HDF5 file, or a folder in which it is found by its name (required); for codecs several, separated by commas",
    },
    dataset: {
      kind: "text",
      value: "NAME",
      help: "the data set, as spelled in the names of its files; for codecs several, separated by commas",
      default: "CheXpert",
    },
    view: {
      kind: "text",
      value: "NAME",
      help: "the view, as spelled in the names of the files; for codecs several, separated by commas",
      default: "frontal",
    },
    size: {
      kind: "integer",
      least: 1,
      help: "side of the original images in pixels; default: that of the file",
    },
    ...dataFileOptions,
    batch_size: {
      kind: "integer",
      least: 1,
      help: "images in a pass; default: 64 for classifiers, 16 for codecs",
    },
    seed: {
      kind: "integer",
      least: 0,
      help: "seed of the bootstrap for classifiers, of the noise for codecs",
      default: 816,
    },
    save_path: {
      kind: "text",
      value: "FOLDER",
      help:
        "folder for evaluation.json and roc.png; for codecs for evaluation.json, images.csv and report.html",
    },
    json: { kind: "text", value: "FILE", help: "also write the figures to this file" },
    ...adapterOption,
    compare: {
      kind: "text",
      value: "FILE,FILE…",
      help: "classifiers only: several checkpoints or weights from PyTorch to compare on the same images",
    },
    recon: {
      kind: "text",
      value: "KIND,KIND…",
      help:
        "classifiers from PyTorch only: what each was trained on: orig, recon or latent; default: orig, unless the tensors or the data show that it is latent",
    },
    vqvae_file: {
      kind: "text",
      value: "FILE",
      help: "classifiers only: a codec that makes reconstructions or latents of original images",
    },
    bootstrap: {
      kind: "integer",
      least: 0,
      help: "classifiers only: rounds of the bootstrap for 95 % intervals; default: 1000",
    },
    manipulate: {
      kind: "text",
      value: "NAME,NAME…",
      help:
        "codecs only: also measure images changed by noise, block or swirl; NAME:0.5 for half the usual strength",
    },
    fid_weights: {
      kind: "text",
      value: "FILE",
      help:
        "codecs only: Inception v3's weights from pytorch-fid or torchvision, for the Fréchet Inception Distance",
    },
  },
});

/** The values of the options. */
export type EvaluateValues = OptionValues<typeof evaluateCommand.options>;

/** Options that go with one kind of model only. */
export const optionsOnlyFor = {
  classifier: ["compare", "recon", "vqvae_file", "bootstrap"],
  codec: ["manipulate", "fid_weights"],
} as const;
