/** Writes images, their reconstructions and the differences as PNG files. */

import { join } from "node:path";
import type { FileLayout } from "../../data/dataset_info.ts";
import type { BatchLoader } from "../../data/loader.ts";
import { resolveDataFile } from "../../data/locate.ts";
import { DataError, UsageError } from "../../errors.ts";
import { Gpu } from "../../gpu/device.ts";
import { writeFileAtomic } from "../../io/atomic.ts";
import { encodePng } from "../../io/png.ts";
import { differenceFactor, errorMap, pictureOf, type PicturePair } from "../../report/error_map.ts";
import type { Picture } from "../../report/grid.ts";
import { renderSheet, type Sheet } from "../../report/sheet.ts";
import { Codec } from "../../trained/codec.ts";
import { readCodec } from "../../trained/codec_file.ts";
import { openForCodec, readImage } from "./data.ts";
import { PictureFormat } from "./picture_format.ts";
import { makeFolder } from "../../io/atomic.ts";
import type { RunContext } from "../../report/run_context.ts";

/** See the help of `images`. */
export interface ImagesOptions extends FileLayout {
  vqvae_file: string;
  data_path: string;
  save_path: string;
  dataset: string;
  view: string;
  size?: number;
  split: "train" | "valid";
  /** How many of the file's first images are written; all if the file has fewer. */
  count: number;
  /** Indices in the file, from 0, of the images to write instead of the first ones. */
  indices?: readonly number[];
  grid: boolean;
  overwrite: boolean;
  /** An index in the list of adapters, or part of a name; default: the fastest. */
  adapter?: string;
}

/** The result of {@linkcode writeImages}. */
export interface WrittenImages {
  /** The data file. */
  data: string;
  count: number;
  /** The factor by which difference maps exaggerate differences. */
  factor: number;
}

const kinds = ["original", "reconstruction", "difference", "sheet"] as const;
/** The number of images that determine the factor of all difference maps, so that the maps can be compared. */
const imagesForFactor = 16;
/** The most images in a grid, which holds all its pictures in memory. */
const maximumInGrid = 64;
const gridColumns = 8;
const gridKinds = ["original", "reconstruction", "difference"] as const;
/** The pictures of one image. */
type Pictures = Record<typeof gridKinds[number], Picture>;

/**
 * Writes `original/0000.png`, `reconstruction/0000.png`, `difference/0000.png` and `sheet/0000.png` for each image, and
 * `grid.png` if `grid` is set. The number is the image's index in the data file, with four digits or more.
 *
 * @throws {UsageError} if options do not fit the data; one line that names the option
 * @throws {DataError} if a file cannot be read or written, or exists and `overwrite` is not set; one line that names it
 */
export async function writeImages(
  options: ImagesOptions,
  { note, progress }: Pick<RunContext, "note" | "progress">,
): Promise<WrittenImages> {
  const { vqvae_file, data_path, save_path, size } = options;
  const saved = await readCodec(vqvae_file, note);
  const file = await resolveDataFile(data_path, { ...options, size: size ?? 256 });
  const loader = await openForCodec(file, saved, { ...options, batchSize: 1, note });
  try {
    const indices = chosen(options, loader);
    const targets = await freshTargets(options, indices);
    const gpu = await Gpu.open({ adapter: options.adapter });
    try {
      using codec = new Codec(gpu, saved);
      for (const kind of kinds) await makeFolder(join(save_path, kind));
      const bar = progress("images", indices.length);
      const work = { indices, targets, kept: options.grid ? maximumInGrid : 0 };
      const { grid, factor } = await writeEach(codec, loader, work, (done) => bar.update(done));
      bar.finish();
      if (options.grid) {
        const sheet = await renderSheet(gridSheet(grid, indices, factor));
        await writeFileAtomic(join(save_path, "grid.png"), sheet);
      }
      return { data: file, count: indices.length, factor };
    } finally {
      gpu.close();
    }
  } finally {
    loader.close();
  }
}

interface Work {
  indices: readonly number[];
  /** The paths of an image's files. */
  targets: (index: number) => Record<typeof kinds[number], string>;
  /** The number of images whose pictures are kept. */
  kept: number;
}

/** Writes the files of each image. Returns the kept pictures and the factor of the difference maps. */
async function writeEach(
  codec: Codec,
  loader: BatchLoader,
  { indices, targets, kept }: Work,
  update: (done: number) => void,
): Promise<{ grid: Pictures[]; factor: number }> {
  const first: PicturePair[] = [];
  for (const index of indices.slice(0, imagesForFactor)) first.push(await makePair(codec, loader, index));
  const factor = differenceFactor(first);
  const grid: Pictures[] = [];
  for (const [position, index] of indices.entries()) {
    const pair = first[position] ?? await makePair(codec, loader, index);
    const pictures = {
      original: pictureOf(pair.original),
      reconstruction: pictureOf(pair.reconstruction),
      difference: errorMap(pair, factor),
    };
    await writePictures(targets(index), `image ${index}`, pictures, factor);
    if (grid.length < kept) grid.push(pictures);
    update(position + 1);
  }
  return { grid, factor };
}

function chosen({ indices, count, grid }: ImagesOptions, { info }: BatchLoader): number[] {
  const wanted = indices ?? Array.from({ length: Math.min(count, info.count) }, (_, index) => index);
  const bad = wanted.find((index) => index >= info.count);
  if (bad !== undefined) {
    throw new UsageError(`--indices ${bad}: ${info.path} holds images 0 to ${info.count - 1}`);
  }
  if (grid && wanted.length > maximumInGrid) {
    throw new UsageError(`--grid: shows at most ${maximumInGrid} images, but ${wanted.length} are selected`);
  }
  return [...wanted];
}

/**
 * A function from an image's index to the paths of its files.
 *
 * @throws {DataError} if one of the files exists and must not be replaced
 */
async function freshTargets({ save_path, overwrite, grid }: ImagesOptions, indices: readonly number[]) {
  const targets = (index: number) =>
    Object.fromEntries(
      kinds.map((kind) => [kind, join(save_path, kind, `${String(index).padStart(4, "0")}.png`)]),
    ) as Record<typeof kinds[number], string>;
  if (overwrite) return targets;
  const all = indices.flatMap((index) => Object.values(targets(index)));
  for (const path of grid ? [...all, join(save_path, "grid.png")] : all) {
    if (!await Deno.stat(path).then(() => true, () => false)) continue;
    throw new DataError(`${path}: already exists; --overwrite replaces it`);
  }
  return targets;
}

async function makePair(codec: Codec, loader: BatchLoader, index: number): Promise<PicturePair> {
  const { height, width } = loader.info;
  const image = await readImage(loader, index, 1);
  const reconstruction = await codec.reconstruct(image, { count: 1, height, width });
  return new PictureFormat(loader.info).pair(image, reconstruction);
}

async function writePictures(
  paths: Record<typeof kinds[number], string>,
  title: string,
  pictures: Pictures,
  factor: number,
): Promise<void> {
  for (const kind of gridKinds) await writeFileAtomic(paths[kind], encodePng(pictures[kind]));
  const columns = ["original", "reconstruction", `difference × ${factor}`];
  const rows = [{ name: "", pictures: gridKinds.map((kind) => pictures[kind]) }];
  await writeFileAtomic(paths.sheet, await renderSheet({ title, columns, rows, factor }));
}

/** A sheet of rows of originals, each above its reconstructions and differences. */
function gridSheet(
  grid: readonly Pictures[],
  indices: readonly number[],
  factor: number,
): Sheet {
  const columns = Math.min(gridColumns, indices.length);
  const rows: Sheet["rows"][number][] = [];
  for (let start = 0; start < indices.length; start += columns) {
    const here = indices.slice(start, start + columns);
    const numbers = here.length > 1 ? `${here[0]} to ${here.at(-1)}` : `${here[0]}`;
    for (const kind of gridKinds) {
      const pictures = Array.from({ length: columns }, (_, column) => grid[start + column]?.[kind] ?? null);
      rows.push({ name: kind === "original" ? `${numbers}: original` : kind, pictures });
    }
  }
  return {
    title: "Originals, reconstructions and differences",
    columns: Array(columns).fill(""),
    rows,
    factor,
    side: 256,
  };
}
