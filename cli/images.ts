/** `images`: originals and a codec's reconstructions as PNG files. */

import { UsageError } from "../src/errors.ts";
import { Progress } from "../src/report/progress.ts";
import { type ImagesOptions, writeImages } from "../src/train/write_images.ts";
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
  save_path: {
    kind: "text",
    value: "FOLDER",
    help: "where the folders original, reconstruction, difference and sheet go",
  },
  dataset: { kind: "text", value: "NAME", help: "the data set in the usual file names", default: "CheXpert" },
  view: { kind: "text", value: "NAME", help: "the view in the usual file names", default: "frontal" },
  size: { kind: "integer", least: 1, help: "side of the images; that of the file if left out" },
  split: {
    kind: "text",
    choices: ["train", "valid"],
    value: "NAME",
    help: "train or valid, of a folder",
    default: "valid",
  },
  count: { kind: "integer", least: 1, help: "the file's first images, so many of them (16)" },
  indices: { kind: "text", value: "N,N…", help: "images by their numbers in the file, from 0, instead" },
  grid: { kind: "flag", help: "also grid.png, with all of up to 64 images" },
  overwrite: { kind: "flag", help: "replaces pictures that are there" },
  adapter: { kind: "text", value: "NAME", help: "GPU by its index or a part of its name" },
} as const;

async function main(): Promise<number> {
  const options = readOptions(Deno.args, {
    name: "images",
    summary: "writes images, their reconstructions and the differences as PNG files of 8 bits",
    examples: [
      "./vqray images --vqvae_file runs/first/checkpoint/best_vqvae.safetensors --data_path valid.hdf5 --save_path pictures",
      "./vqray images --vqvae_file vqvae_040.pt --data_path data --dataset brain --view all --size 64 --save_path pictures --indices 0,5,7 --grid",
    ],
  }, table);
  if (!options) return 0;
  const { vqvae_file, data_path, save_path, count, indices } = options;
  if (vqvae_file === undefined) throw new UsageError("--vqvae_file: expected a codec's weights");
  if (data_path === undefined) throw new UsageError("--data_path: expected an HDF5 file or a folder of them");
  if (save_path === undefined) throw new UsageError("--save_path: expected a folder");
  if (count !== undefined && indices !== undefined) {
    throw new UsageError(`--count ${count}: expected without --indices`);
  }
  const wanted = {
    ...options,
    vqvae_file,
    data_path,
    save_path,
    count: count ?? 16,
    indices: indices === undefined ? undefined : parseIndices(indices),
  };
  // The table's choices are these types' values.
  const written = await writeImages(wanted as ImagesOptions, {
    progress: (label, total, alreadyDone = 0) => new Progress({ label, total, alreadyDone }),
  });
  const images = written.count === 1 ? "1 image" : `${written.count} images`;
  console.log(
    `${save_path}: ${images} of ${written.data}; difference maps show differences × ${written.factor}`,
  );
  return 0;
}

function parseIndices(text: string): number[] {
  const parts = text.split(",").map((part) => part.trim());
  const isFine = parts.every((part) => /^\d{1,15}$/.test(part)) &&
    new Set(parts.map(Number)).size === parts.length;
  if (isFine) return parts.map(Number);
  throw new UsageError(
    `--indices ${text}: expected different whole numbers from 0 on, with commas between them`,
  );
}

await run(main);
