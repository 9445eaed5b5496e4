/** A small data set, and each of its images encoded alone, with which encoded files are compared. */

import { join } from "node:path";
import { DataFile } from "../../../src/data/hdf5_file.ts";
import { type ImageFileOptions, ImageFileWriter } from "../../../src/data/write.ts";
import { Gpu } from "../../../src/gpu/device.ts";
import { Progress } from "../../../src/report/progress.ts";
import { Codec } from "../../../src/trained/codec.ts";
import type { EncodeOptions } from "../../../src/apply/codec/encode_file.ts";
import { firstIndices } from "../../data/fixtures.ts";
import { goldenPath, readTrainingGoldens, trainingBatch } from "../../golden/read.ts";
import { readCodec } from "../../../src/trained/codec_file.ts";

export const codecFile = goldenPath("strides_4_2.pt").pathname;
const golden = (await readTrainingGoldens()).find(({ name }) => name === "strides_4_2")!;
export const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

export const count = 13;
export const length = 3 * 32 * 32;
export const classes = ["one", "two", "three"];
export const images = Float32Array.from([
  ...await trainingBatch(golden, 0),
  ...await trainingBatch(golden, 1),
])
  .slice(0, count * length);
/** Different for each image; some are unknown. */
export const labels = Float32Array.from(
  { length: 3 * count },
  (_, index) => index % 7 === 3 ? NaN : index / 4 - 1,
);

export async function writeSource(path: string, changes: Partial<ImageFileOptions> = {}): Promise<string> {
  const attributes = { class_names: classes };
  const writer = await ImageFileWriter.create(path, {
    shape: [3, 32, 32],
    labelCount: 3,
    attributes,
    ...changes,
  });
  writer.append(images, changes.labelCount === 0 ? undefined : labels);
  await writer.finish();
  return path;
}

export const source = await writeSource(join(folder, "digits_train_32_frontal_normalized.hdf5"));

export function options(save_path: string, changes: Partial<EncodeOptions> = {}): EncodeOptions {
  return {
    vqvae_file: codecFile,
    data_path: source,
    save_path: join(folder, save_path),
    dataset: "digits",
    view: "frontal",
    batch_size: 4,
    compression: "none",
    resume: false,
    overwrite: false,
    ...changes,
  };
}

/** A run context that keeps the notes. A signal arrives when `stopAt` images are done. */
export function context(stopAt = Infinity) {
  const stop: { exitCode: number | undefined } = { exitCode: undefined };
  const notes: string[] = [];
  const output = { isTerminal: false, columns: 80, write() {} };
  const progress = (label: string, total: number, alreadyDone = 0) =>
    new class extends Progress {
      override update(done: number) {
        super.update(done);
        if (done >= stopAt) stop.exitCode = 130;
      }
    }({ label, total, alreadyDone, output });
  return { note: (text: string) => void notes.push(text), progress, stop, notes };
}

export async function read(path: string) {
  const file = await DataFile.open(path, { labels: "optional", unlabelled: true });
  const { info } = file;
  const all = firstIndices(info.count);
  const content = { info, images: file.readImages(all), labels: file.readLabels(all) };
  file.close();
  return content;
}

export function namesIn(name: string): string[] {
  return [...Deno.readDirSync(join(folder, name))].map(({ name }) => name).sort();
}

/** Reconstructions and latents of the images, each encoded alone. */
export const alone = await (async () => {
  const gpu = await Gpu.open();
  const codec = new Codec(gpu, await readCodec(codecFile));
  const parts = [];
  for (let image = 0; image < count; image++) {
    const values = images.slice(image * length, (image + 1) * length);
    parts.push(await codec.both(values, { count: 1, height: 32, width: 32 }));
  }
  codec.close();
  gpu.close();
  return {
    recon: Float32Array.from(parts.flatMap(({ reconstruction }) => [...reconstruction])),
    latent: Float32Array.from(parts.flatMap(({ latent }) => [...latent])),
  };
})();
