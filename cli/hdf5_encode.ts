/** `hdf5:encode`: reconstructions and latents of a data file, by a trained codec. */

import { type EncodedFile, encodeFiles, type EncodeOptions } from "../src/apply/codec/encode_file.ts";
import { adapterOption, codecOptions, nameOptions, requireCodecPaths } from "./common_options.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { stopAfter, terminal } from "./terminal.ts";

const table = {
  ...codecOptions,
  save_path: { kind: "text", value: "FOLDER", help: "where the new files go" },
  ...nameOptions,
  split: {
    kind: "text",
    choices: ["train", "valid"],
    value: "NAME",
    help: "train or valid, of a folder; both if left out",
  },
  only: {
    kind: "text",
    choices: ["recon", "latent"],
    value: "NAME",
    help: "recon or latent; both if left out",
  },
  batch_size: { kind: "integer", least: 1, help: "images at a time", default: 32 },
  compression: {
    kind: "text",
    choices: ["gzip", "none"],
    value: "NAME",
    help: "gzip or none",
    default: "none",
  },
  resume: { kind: "flag", help: "goes on where a run with the same options stopped" },
  overwrite: { kind: "flag", help: "replaces files that are there" },
  ...adapterOption,
} as const;

async function main(): Promise<number> {
  const options = readOptions(Deno.args, {
    name: "hdf5:encode",
    summary:
      "writes the reconstructions and latents of an HDF5 file's images, with their labels, by a trained codec",
    examples: [
      "./vqray hdf5:encode --vqvae_file runs/first/checkpoint/best_vqvae.safetensors --data_path train.hdf5 --save_path encoded",
      "./vqray hdf5:encode --vqvae_file vqvae_040.pt --data_path data --dataset brain --view all --size 64 --save_path encoded",
      "./vqray hdf5:encode --vqvae_file vqvae_040.pt --data_path train.hdf5 --save_path encoded --only latent --resume",
    ],
  }, table);
  if (!options) return 0;
  const paths = requireCodecPaths(options);
  using stop = stopAfter("batch");
  const { files, exitCode } = await encodeFiles(
    // The table's choices are these types' values.
    { ...options, ...paths } as EncodeOptions,
    { ...terminal, stop },
  );
  for (const file of files) console.log(describe(file));
  if (exitCode !== undefined) console.error(`${paths.save_path}: stopped early; --resume goes on`);
  return exitCode ?? 0;
}

function describe({ path, shape: [count, ...image], bytes, imagesPerSecond }: EncodedFile): string {
  const speed = imagesPerSecond === undefined ? "" : `, ${imagesPerSecond.toFixed(1)} images/s`;
  return `${path}: ${count} images of [${image.join(", ")}], ${(bytes / 1e6).toFixed(1)} MB${speed}`;
}

await run(main);
