/** `images`: originals and a codec's reconstructions as PNG files. */

import { UsageError } from "../src/errors.ts";
import { type ImagesOptions, writeImages } from "../src/apply/codec/write_images.ts";
import { adapterOption, codecOptions, nameOptions, requireCodecPaths } from "./common_options.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { terminal } from "./terminal.ts";

const table = {
  ...codecOptions,
  save_path: {
    kind: "text",
    value: "FOLDER",
    help: "where the folders original, reconstruction, difference and sheet go",
  },
  ...nameOptions,
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
  ...adapterOption,
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
  const { count, indices } = options;
  const paths = requireCodecPaths(options);
  if (count !== undefined && indices !== undefined) {
    throw new UsageError(`--count ${count}: expected without --indices`);
  }
  const wanted = {
    ...options,
    ...paths,
    count: count ?? 16,
    indices: indices === undefined ? undefined : parseIndices(indices),
  };
  // The table's choices are these types' values.
  const written = await writeImages(wanted as ImagesOptions, terminal);
  const images = written.count === 1 ? "1 image" : `${written.count} images`;
  console.log(
    `${paths.save_path}: ${images} of ${written.data}; difference maps show differences × ${written.factor}`,
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
