/** `demo`: the main job in a few minutes: trains a codec on the images that ship with vqray and shows what it has learnt. */

import { fileURLToPath } from "node:url";
import { BatchLoader } from "../src/data/loader.ts";
import { resolveDataFile } from "../src/data/locate.ts";
import { Gpu } from "../src/gpu/device.ts";
import { writeFileAtomic } from "../src/io/atomic.ts";
import { encodePng } from "../src/io/png.ts";
import {
  defaultConfiguration,
  indexBitsPerPixel,
  valuesPerIndex,
  type VqvaeConfiguration,
} from "../src/models/vqvae/configuration.ts";
import { Vqvae } from "../src/models/vqvae/model.ts";
import { comparison } from "../src/report/grid.ts";
import { duration } from "../src/report/progress.ts";
import { Codec, type SavedCodec } from "../src/trained/codec.ts";
import { readCodec } from "../src/trained/codec_file.ts";
import { measureReconstruction, type ReconstructionQuality } from "../src/apply/codec/reconstruct.ts";
import { gridOptions } from "../src/train/vqvae/pictures.ts";
import { trainVqvae } from "../src/train/vqvae/train.ts";
import { adapterOption } from "./common_options.ts";
import { freeFolder } from "./demo_folder.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { stopAfter, terminal } from "./terminal.ts";
import { tuning } from "./training_options.ts";
import { versions } from "./versions.ts";

const table = {
  save_path: {
    kind: "text",
    value: "FOLDER",
    help: "where the run is kept; the first free of runs/demo, runs/demo-2 … if left out",
  },
  n_epochs: { kind: "integer", least: 1, help: "epochs", default: 14 },
  ...adapterOption,
} as const;

/** Narrower than the default, with codebooks that follow faster: it learns these images in minutes on two processor cores. */
const configuration: VqvaeConfiguration = {
  ...defaultConfiguration,
  channel: 48,
  embed_dim: 32,
  n_embed: 256,
  decay: 0.95,
};
const seed = 816;
const picturesShown = 10;

const data = fileURLToPath(new URL("../data/", import.meta.url));
const dataset = { dataset: "brain", view: "all", size: 64 };

async function main(): Promise<number> {
  const options = readOptions(Deno.args, {
    name: "demo",
    summary:
      "trains a codec on the brain MRI slices that ship with vqray, and compares originals and reconstructions",
    examples: ["./vqray demo", "./vqray demo --n_epochs 30 --save_path /tmp/longer"],
  }, table);
  if (!options) return 0;
  const save_path = options.save_path ?? await freeFolder("runs/demo");
  using stop = stopAfter("step");
  const started = performance.now();
  const outcome = await trainVqvae({
    ...tuning(),
    ...dataset,
    data_path: data,
    valid_path: data,
    save_path,
    n_epochs: options.n_epochs,
    batch_size: 4,
    lr: 1e-3,
    seed,
    shuffle: true,
    resume: false,
    checkpoint_every: options.n_epochs,
    sample_every: options.n_epochs,
    log_every: 10,
    kmeans_init: true,
    restart_dead_codes: 0.1,
    adapter: options.adapter,
    configuration,
  }, { ...terminal, stop, versions });
  if (outcome.exitCode !== undefined) return outcome.exitCode;
  const seconds = (performance.now() - started) / 1000;
  await showResult(outcome.checkpoint, save_path, options.adapter, seconds);
  return 0;
}

async function showResult(
  checkpoint: string,
  save_path: string,
  adapter: string | undefined,
  seconds: number,
): Promise<void> {
  const valid = await resolveDataFile(data, { ...dataset, split: "valid" });
  using loader = await BatchLoader.open(valid, {
    channels: 3,
    batchSize: 16,
    dropLast: false,
    shuffle: false,
    seed,
  });
  const untrained = { configuration, weights: new Vqvae(configuration).set.initialValues(seed) };
  const gpu = await Gpu.open({ adapter });
  const picture = `${save_path}/comparison.png`;
  const before = await measure(gpu, untrained, loader);
  const after = await measure(gpu, await readCodec(checkpoint), loader, picture);
  gpu.close();
  const values = valuesPerIndex(configuration);
  const bits = indexBitsPerPixel(configuration);
  console.log(`
PSNR of ${after.images} slices that training never saw: ${before.psnr.toFixed(1)} dB before, ${
    after.psnr.toFixed(1)
  } dB after ${duration(seconds)} of training
compression: ${
    values.toFixed(1)
  } input values a code index (three channels, as the original repository counts)
             ${(8 / bits).toFixed(1)} : 1 in bits (${
    bits.toFixed(3)
  } bit a pixel as plain indices, against 8 bit a grey pixel)
originals over reconstructions: ${picture}
loss curves: ${save_path}/loss_curves.png   weights: ${checkpoint}`);
}

async function measure(
  gpu: Gpu,
  saved: SavedCodec,
  loader: BatchLoader,
  picture?: string,
): Promise<ReconstructionQuality> {
  const { channels, height, width, count } = loader.info;
  const codec = new Codec(gpu, saved, [height, width]);
  const length = channels * height * width;
  const originals = new Float32Array(picturesShown * length);
  const reconstructions = new Float32Array(picturesShown * length);
  let seen = 0;
  const quality = await measureReconstruction(codec, loader, (first, second, batch) => {
    for (let image = 0; image < batch; image++, seen++) {
      // Spread over the file, which holds slices in their order.
      const place = Math.floor(seen * picturesShown / count);
      if (seen !== Math.ceil(place * count / picturesShown)) continue;
      originals.set(first.subarray(image * length, (image + 1) * length), place * length);
      reconstructions.set(second.subarray(image * length, (image + 1) * length), place * length);
    }
  });
  codec.close();
  if (picture) {
    await writeFileAtomic(
      picture,
      encodePng(comparison(originals, reconstructions, gridOptions(channels, height, width))),
    );
  }
  return quality;
}

await run(main);
