/** Image files for tests of `hdf5:create`, and a function that runs it. */

import { createFiles } from "../../src/create/create.ts";
import type { CreateOptions } from "../../src/create/options.ts";
import { encodePng } from "../../src/io/png.ts";
import { randomUniform } from "../../src/random.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";

/** A gradient with noise, different for each `key`. */
export function grayPixels(key: number, width: number, height: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: width * height }, (_, index) => {
    const slope = (index % width) / width * 120 + Math.floor(index / width) / height * 90;
    return Math.floor(slope + 45 * randomUniform(key, index));
  });
}

/** Writes a gray picture as PNG and creates its folders. */
export async function writePng(path: string, key: number, width: number, height: number): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const image = { width, height, channels: 1 as const, data: grayPixels(key, width, height) };
  await Deno.writeFile(path, encodePng(image));
}

/** Twelve images of six patients, in an order other than that of their paths. */
export const listed = Array.from({ length: 12 }, (_, index) => {
  const patient = `patient${String(index * 5 % 6).padStart(5, "0")}`;
  return {
    path: `train/${patient}/study ü/view${index}_frontal.png`,
    patient,
    // Large images first, so that later ones are ready before them.
    width: index < 2 ? 700 : 20 + index,
    height: index < 2 ? 900 : 50 - 3 * index,
    labels: [index % 2, index % 3 === 0 ? -1 : index % 3 - 1, NaN],
  };
});

/** Runs `use` in a folder that holds these images in `data` and their list, `list.csv`. */
export async function withImages(use: (folder: string) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    for (const [key, { path, width, height }] of listed.entries()) {
      await writePng(`${folder}/data/${path}`, key, width, height);
    }
    await writeList(folder, listed.map(({ path }) => path));
    await use(folder);
  });
}

/** Writes `list.csv` with these paths; the labels of row i are those of `listed[i]`. */
export async function writeList(folder: string, paths: readonly string[]): Promise<void> {
  const rows = paths.map((path, index) => {
    const labels = listed[index % listed.length]!.labels.map((label) => Number.isNaN(label) ? "" : label);
    return [`"${path}"`, ...labels].join();
  });
  await Deno.writeTextFile(`${folder}/list.csv`, ["path,first,second,third", ...rows].join("\n"));
}

/** Runs `hdf5:create` in such a folder; returns its outcome and the lines that it printed. */
export async function create(
  folder: string,
  changes: Partial<CreateOptions> = {},
  stop: { exitCode: number | undefined } = { exitCode: undefined },
) {
  const said: string[] = [];
  const options: CreateOptions = {
    data_path: `${folder}/data`,
    csv: `${folder}/list.csv`,
    label_columns: "first..third",
    save_path: `${folder}/out`,
    dataset: "set",
    size: 16,
    split: 0.5,
    seed: 3,
    uncertain: "ignore",
    blank: "zeros",
    dtype: "float32",
    channels: 3,
    compression: "none",
    labels: true,
    paths: true,
    num_workers: 2,
    strict: false,
    axis: 2,
    orientation: "patient",
    blank_slices: false,
    dry_run: false,
    overwrite: false,
    ...changes,
  };
  const outcome = await createFiles(options, {
    note: (text) => said.push(text),
    progress: () => ({ update() {}, log: (text) => said.push(text), clear() {}, finish() {} }),
    stop,
  });
  return { ...outcome, said };
}

/** The names in `out`, hidden ones included; empty if there is no such folder. */
export function names(folder: string): string[] {
  try {
    return [...Deno.readDirSync(`${folder}/out`)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}
