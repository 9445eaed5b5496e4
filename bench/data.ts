/** `bench:data`: measures how fast images are read from HDF5 files in the page cache, for each layout of data files. */

import { join } from "node:path";
import { readOptions } from "../cli/options.ts";
import { run } from "../cli/run.ts";
import { loadHdf5, openHdf5 } from "../src/data/hdf5_library.ts";
import { DataFile } from "../src/data/hdf5_file.ts";
import { LibraryRows } from "../src/data/library_rows.ts";
import { BatchLoader } from "../src/data/loader.ts";
import { ImageFileWriter } from "../src/data/write.ts";
import { permutation, uniformArray } from "../src/random.ts";
import { textTable } from "../src/report/table.ts";
import { benchDataCommand } from "./options.ts";

type Pixels = "float32" | "uint8";

/** One file to read. */
interface BenchFile {
  layout: "in one piece" | "by image" | "by image, gzip";
  pixels: Pixels;
  shape: [channels: number, height: number, width: number];
}

const layouts = ["in one piece", "by image", "by image, gzip"] as const;
const files: BenchFile[] = layouts.flatMap((layout): BenchFile[] => [
  { layout, pixels: "float32", shape: [3, 64, 64] },
  { layout, pixels: "uint8", shape: [1, 256, 256] },
]);

interface Measured {
  images: number;
  batch: number;
  rounds: number;
  readers?: number;
}

/** Waves with a little noise on 256 levels, which gzip packs about as well as photographs. */
function somePixels(pixels: Pixels, count: number): Float32Array | Uint8Array {
  const noise = uniformArray(816, count, 0, 12);
  const level = (index: number) => Math.floor(110 + 90 * Math.sin(index / 40) + noise[index]!);
  if (pixels === "uint8") return Uint8Array.from({ length: count }, (_, index) => level(index));
  return Float32Array.from({ length: count }, (_, index) => level(index) / 128 - 1);
}

async function write(path: string, { layout, pixels, shape }: BenchFile, images: number): Promise<void> {
  const size = shape.reduce((product, side) => product * side, 1);
  const data = somePixels(pixels, size);
  if (layout === "in one piece") return await writeInOnePiece(path, data, shape, images);
  const gzip = layout === "by image, gzip" ? 4 : undefined;
  const writer = await ImageFileWriter.create(path, { shape, labelCount: 0, dtype: pixels, gzip });
  for (let image = 0; image < images; image++) writer.append(data);
  await writer.finish();
}

async function writeInOnePiece(
  path: string,
  image: Float32Array | Uint8Array,
  shape: readonly number[],
  images: number,
): Promise<void> {
  const { classes } = await loadHdf5();
  const file = new classes.File(path, "w");
  const dtype = image instanceof Uint8Array ? "<B" : "<f";
  const Numbers = image instanceof Uint8Array ? Uint8Array : Float32Array;
  const data = new Numbers(images * image.length);
  for (let index = 0; index < images; index++) data.set(image, index * image.length);
  file.create_dataset({ name: "img", data, dtype, shape: [images, ...shape] });
  file.close();
}

/** The shortest time of a round in milliseconds, after one round to warm up. */
async function fastest(rounds: number, round: (index: number) => void | Promise<void>): Promise<number> {
  let least = Infinity;
  for (let index = 0; index <= rounds; index++) {
    const start = performance.now();
    await round(index);
    if (index > 0) least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** Reads rows as bytes by the HDF5 library, in the file's order. */
async function timeLibrary(path: string, { images, batch, rounds }: Measured): Promise<number> {
  const file = await openHdf5(path);
  const { shape, size, chunks } = file.library.get_dataset_metadata(file.id, "/img");
  const rowBytes = shape!.slice(1).reduce((product, side) => product * side, size);
  const rows = new LibraryRows(file, "img", shape!, rowBytes, chunks?.[0] ?? 1);
  const time = await fastest(rounds, () => {
    for (let first = 0; first < images; first += batch) rows.read(first, Math.min(batch, images - first));
  });
  rows.close();
  file.library.close_file(file.id);
  return time;
}

/** Reads normalised images in this thread. */
async function timeFile(
  path: string,
  { images, batch, rounds }: Measured,
  order: Uint32Array,
): Promise<number> {
  const file = await DataFile.open(path);
  let memory: Float32Array<ArrayBuffer> | undefined;
  const time = await fastest(rounds, () => {
    for (let first = 0; first < images; first += batch) {
      memory = file.readImages(order.subarray(first, first + batch), memory);
    }
  });
  file.close();
  return time;
}

/** Reads normalised images as training does. */
async function timeLoader(path: string, measured: Measured, shuffle: boolean): Promise<number> {
  const { batch: batchSize, rounds, readers } = measured;
  using loader = await BatchLoader.open(path, { batchSize, shuffle, readers, dropLast: false, seed: 816 });
  return await fastest(rounds, async (round) => {
    for await (const batch of loader.epoch(round)) loader.recycle(batch);
  });
}

async function measure(path: string, measured: Measured): Promise<number[]> {
  const { images } = measured;
  return [
    await timeLibrary(path, measured),
    await timeFile(path, measured, Uint32Array.from({ length: images }, (_, index) => index)),
    await timeFile(path, measured, permutation(816, images)),
    await timeLoader(path, measured, false),
    await timeLoader(path, measured, true),
  ];
}

async function main(): Promise<void> {
  const measured = readOptions(Deno.args, benchDataCommand);
  if (!measured) return;
  const folder = await Deno.makeTempDir();
  try {
    const rows: string[][] = [];
    for (const file of files) {
      const { layout, pixels, shape } = file;
      const path = join(folder, "images.hdf5");
      await write(path, file, measured.images);
      const bytes = measured.images *
        shape.reduce((product, side) => product * side, pixels === "uint8" ? 1 : 4);
      const rates = (await measure(path, measured)).map((milliseconds) =>
        (bytes / milliseconds / 1000).toFixed(0)
      );
      rows.push([`${pixels} ${shape.join("×")}`, layout, ...rates]);
    }
    const header = ["images", "layout", "library alone", "read", "shuffled", "loader", "shuffled"];
    console.log(
      `${measured.images} images a file, batches of ${measured.batch}, MB of the file's numbers a second\n`,
    );
    console.log(textTable(header, rows));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await run(main);
