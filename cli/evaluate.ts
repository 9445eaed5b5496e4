/** `evaluate`: how well trained models do what they were trained to: the checkpoint's kind decides what is measured. */

import { UsageError } from "../src/errors.ts";
import { modelKind } from "../src/trained/model_kind_file.ts";
import { evaluateClassifierCommand } from "./evaluate_classifier.ts";
import { evaluateCodecCommand } from "./evaluate_codec.ts";
import { type OptionTable, type OptionValues, readOptions } from "./options.ts";
import { adapterOption, requireDataPath } from "./common_options.ts";
import { run } from "./run.ts";

const table = {
  model: { kind: "text", value: "FILE", help: "a checkpoint; for codecs PyTorch's weights, too" },
  data_path: {
    kind: "text",
    value: "PATH",
    help: "HDF5 file, or a folder of them; for codecs several with commas between them",
  },
  dataset: {
    kind: "text",
    value: "NAME",
    help: "the data set in the usual file names; for codecs several with commas between them",
    default: "CheXpert",
  },
  view: {
    kind: "text",
    value: "NAME",
    help: "the view in the usual file names; for codecs several with commas between them",
    default: "frontal",
  },
  size: { kind: "integer", least: 1, help: "side of the original images; that of the file if left out" },
  batch_size: { kind: "integer", least: 1, help: "images in a pass (64; for codecs 16)" },
  seed: { kind: "integer", least: 0, help: "of the bootstrap; for codecs of the noise", default: 816 },
  save_path: {
    kind: "text",
    value: "FOLDER",
    help:
      "where evaluation.json and roc.png are left; for codecs evaluation.json, images.csv and report.html",
  },
  json: { kind: "text", value: "FILE", help: "writes the figures there, too" },
  ...adapterOption,
  compare: {
    kind: "text",
    value: "FILE,FILE…",
    help: "classifiers: several checkpoints, to be put side by side",
  },
  vqvae_file: {
    kind: "text",
    value: "FILE",
    help: "classifiers: a codec that makes reconstructions or latents of original images",
  },
  bootstrap: {
    kind: "integer",
    least: 0,
    help: "classifiers: rounds of the bootstrap for 95 % intervals (1000)",
  },
  manipulate: {
    kind: "text",
    value: "NAME,NAME…",
    help: "codecs: measures images after noise, block or swirl, too; NAME:0.5 for half of the usual strength",
  },
  fid_weights: {
    kind: "text",
    value: "FILE",
    help: "codecs: Inception v3's weights of pytorch-fid or torchvision, for the Fréchet Inception Distance",
  },
} as const satisfies OptionTable;

/** The options as they were given. */
export type EvaluateValues = OptionValues<typeof table>;

const onlyFor = {
  classifier: ["compare", "vqvae_file", "bootstrap"],
  codec: ["manipulate", "fid_weights"],
} as const;

async function main(): Promise<number> {
  const options = readOptions(Deno.args, {
    name: "evaluate",
    summary:
      "measures a codec's reconstructions and compression, or a classifier's AUROC; the checkpoint's kind decides",
    examples: [
      "./vqray evaluate --model runs/first/checkpoint/best_vqvae.safetensors --data_path valid.hdf5 --save_path runs/first/quality",
      "./vqray evaluate --model vqvae_040.pt --data_path data --dataset CheXpert,mimic --view frontal,lateral --manipulate noise,block,swirl",
      "./vqray evaluate --model runs/orig/checkpoint/best_densenet.safetensors --data_path valid.hdf5 --save_path runs/orig",
      "./vqray evaluate --compare orig.safetensors,recon.safetensors,latent.safetensors --data_path data --size 64",
      "./vqray evaluate --compare orig.safetensors,latent.safetensors --data_path valid.hdf5 --vqvae_file vqvae_040.safetensors",
    ],
  }, table);
  if (!options) return 0;
  const { model, compare } = options;
  if ((model === undefined) === (compare === undefined)) {
    throw new UsageError("--model, --compare: expected one of the two");
  }
  const data_path = requireDataPath(options.data_path);
  const kind = model === undefined ? "classifier" : await modelKind(model);
  for (const name of onlyFor[kind === "codec" ? "classifier" : "codec"]) {
    if (options[name] === undefined) continue;
    const what = model === undefined ? "--compare is for classifiers" : `${model} holds a ${kind}`;
    const wanted = kind === "codec" ? "classifiers" : "codecs";
    throw new UsageError(`--${name} ${options[name]}: goes with ${wanted} only, but ${what}`);
  }
  if (kind === "codec") await evaluateCodecCommand(options, { model: model!, data_path });
  else await evaluateClassifierCommand(options, data_path);
  return 0;
}

await run(main);
