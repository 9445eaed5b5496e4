/** Small classifiers, a codec, and a folder of original images with their reconstructions and latents. */

import { join } from "node:path";
import { ImageFileWriter } from "../../../src/data/write.ts";
import { Gpu } from "../../../src/gpu/device.ts";
import { defaultConfiguration } from "../../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../../src/models/vqvae/model.ts";
import { keyOf, normalArray, randomUniform } from "../../../src/random.ts";
import { Progress } from "../../../src/report/progress.ts";
import { saveWeights } from "../../../src/trained/model_file.ts";
import { Codec } from "../../../src/trained/codec.ts";
import type { EvaluateOptions } from "../../../src/apply/classifier/evaluate.ts";
import type { State } from "../../../src/trained/model_file.ts";
import { saveClassifier, smallDensenet } from "../../trained/small_classifier.ts";
import { readCodec } from "../../../src/trained/codec_file.ts";

export const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

export const [count, side, classes] = [22, 64, 3];
export const names = ["Edema", "Pneumonia", "Fracture"];
export const images = normalArray(keyOf("images"), count * 3 * side * side);
/**
 * Half of the images are positive for the first class, some for the second, which has unknown labels, and none for the
 * third.
 */
export const labels = Float32Array.from({ length: count * classes }, (_, index) => {
  const [image, label] = [Math.floor(index / classes), index % classes];
  if (label === 2) return 0;
  if (label === 1 && image % 5 === 0) return NaN;
  return Number(randomUniform(keyOf("labels"), index) < 0.5);
});

export const inFolder = (name: string) => join(folder, name);
export const files = {
  orig: inFolder("orig.safetensors"),
  recon: inFolder("recon.safetensors"),
  latent: inFolder("latent.safetensors"),
  codec: inFolder("codec.safetensors"),
};
const codecConfiguration = {
  ...defaultConfiguration,
  channel: 8,
  n_res_block: 1,
  n_res_channel: 4,
  embed_dim: 1,
  n_embed: 16,
  first_stride: 2,
  second_stride: 2,
};
const latentDensenet = { ...smallDensenet, latent_channels: 2 };

/** Writes a data file; default: with the labels and class names above. */
export async function writeImages(
  name: string,
  values: Float32Array<ArrayBuffer>,
  shape: [number, number, number],
  changes: { labels?: Float32Array; class_names?: string[] } = {},
): Promise<string> {
  const { class_names = names } = changes;
  const attributes = { class_names };
  const writer = await ImageFileWriter.create(inFolder(name), {
    shape,
    labelCount: class_names.length,
    attributes,
  });
  writer.append(values, changes.labels ?? labels);
  await writer.finish();
  return inFolder(name);
}

async function prepare(): Promise<void> {
  const class_names = JSON.stringify(names);
  await saveClassifier(files.orig, smallDensenet, { input: "orig", class_names }, 1);
  await saveClassifier(files.recon, smallDensenet, { input: "recon", class_names }, 2);
  await saveClassifier(files.latent, latentDensenet, { input: "latent", class_names }, 3);
  const { set } = new Vqvae(codecConfiguration);
  const initial = set.initialValues(4);
  const weights: State = new Map(
    set.all.map(({ key, shape }) => [key, { shape: [...shape], data: initial.get(key)! }]),
  );
  const model = { kind: "vqvae", configuration: codecConfiguration };
  await saveWeights(files.codec, model, weights, { steps: 0, epochs: 0, batches: 0 });

  const gpu = await Gpu.open();
  const codec = new Codec(gpu, await readCodec(files.codec));
  const { reconstruction, latent } = await codec.both(images, { count, height: side, width: side });
  codec.close();
  gpu.close();
  await writeImages("toy_valid_64_orig.hdf5", images, [3, side, side]);
  await writeImages("toy_valid_64_recon.hdf5", reconstruction, [3, side, side]);
  await writeImages("toy_valid_64_latent.hdf5", latent, [2, side / 2, side / 2]);
}

await prepare();

const silent = { isTerminal: false, columns: 80, write() {} };
export const context = {
  note: () => {},
  progress: (label: string, total: number) => new Progress({ label, total, output: silent }),
};

/** Options to evaluate classifiers, with some changes. */
export function options(models: readonly string[], changes: Partial<EvaluateOptions> = {}): EvaluateOptions {
  const usual = {
    data_path: folder,
    dataset: "toy",
    view: "all",
    size: 64,
    batch_size: 8,
    bootstrap: 100,
    seed: 816,
  };
  return { ...usual, models, ...changes };
}
