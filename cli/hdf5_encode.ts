/** `hdf5:encode`: reconstructions and latents of a data file, by a trained codec. */

import { UsageError } from "../src/errors.ts";
import { Progress } from "../src/report/progress.ts";
import { type EncodedFile, encodeFiles, type EncodeOptions } from "../src/train/encode_file.ts";
import { StopSignal } from "../src/train/stop_signal.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";

const table = {
  vqvae_file: {
    kind: "text",
    value: "FILE",
    help: "the codec: vqray's .safetensors, or PyTorch's weights in .pt, .pth or .safetensors",
  },
  data_path: {
    kind: "text",
    value: "PATH",
    help: "images: an HDF5 file, or a folder of files with the usual names",
  },
  save_path: { kind: "text", value: "FOLDER", help: "where the new files go" },
  dataset: { kind: "text", value: "NAME", help: "the data set in the usual file names", default: "CheXpert" },
  view: { kind: "text", value: "NAME", help: "the view in the usual file names", default: "frontal" },
  size: { kind: "integer", least: 1, help: "side of the images; that of the file if left out" },
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
  adapter: { kind: "text", value: "NAME", help: "GPU by its index or a part of its name" },
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
  const { vqvae_file, data_path, save_path } = options;
  if (vqvae_file === undefined) throw new UsageError("--vqvae_file: expected a codec's weights");
  if (data_path === undefined) throw new UsageError("--data_path: expected an HDF5 file or a folder of them");
  if (save_path === undefined) throw new UsageError("--save_path: expected a folder");
  using stop = new StopSignal((name) =>
    console.error(`${name}: stopping after this batch; once more ends at once`)
  );
  const { files, exitCode } = await encodeFiles(
    // The table's choices are these types' values.
    { ...options, vqvae_file, data_path, save_path } as EncodeOptions,
    {
      note: (text) => console.error(text),
      progress: (label, total, alreadyDone = 0) => new Progress({ label, total, alreadyDone }),
      stop,
    },
  );
  for (const file of files) console.log(describe(file));
  if (exitCode !== undefined) console.error(`${save_path}: stopped early; --resume goes on`);
  return exitCode ?? 0;
}

function describe({ path, shape: [count, ...image], bytes, imagesPerSecond }: EncodedFile): string {
  const speed = imagesPerSecond === undefined ? "" : `, ${imagesPerSecond.toFixed(1)} images/s`;
  return `${path}: ${count} images of [${image.join(", ")}], ${(bytes / 1e6).toFixed(1)} MB${speed}`;
}

await run(main);
