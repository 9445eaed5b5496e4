/** Runs of codec training on real images, from the data file to the files that a run leaves. */

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { ImageFileWriter } from "../../src/data/write.ts";
import { DataError, UsageError } from "../../src/errors.ts";
import { decodePng } from "../../src/io/png.ts";
import { readSafetensors } from "../../src/io/safetensors_file.ts";
import { defaultConfiguration } from "../../src/models/vqvae/configuration.ts";
import type { TrainVqvaeOptions } from "../../src/train/vqvae/options.ts";
import { trainVqvae } from "../../src/train/vqvae/train.ts";
import { goldenPath, readTrainingGoldens, trainingBatch } from "../golden/read.ts";
import { codecOptions } from "./small_codec.ts";
import { checkpointBytes as bytesIn, context, metricsOf as metricsIn, timeless } from "./run_context.ts";

const [golden] = await readTrainingGoldens();
const folder = await Deno.makeTempDir();
const data = join(folder, "real.hdf5");
const other = join(folder, "other.hdf5");

/** Writes the golden's images of the given steps, in the order in which its training takes them. */
async function writeData(path: string, steps: readonly number[]): Promise<void> {
  const batches = await Promise.all(steps.map((step) => trainingBatch(golden!, step)));
  const writer = await ImageFileWriter.create(path, { shape: [3, 32, 32], labelCount: 1 });
  for (const batch of batches) writer.append(batch, new Float32Array(golden!.batch));
  await writer.finish();
}

await writeData(data, [0, 1]);
await writeData(other, [1]);

const options = (save_path: string, changes: Partial<TrainVqvaeOptions> = {}) =>
  codecOptions(data, join(folder, save_path), changes);

const metricsOf = (save_path: string) => metricsIn(join(folder, save_path));
const checkpointBytes = (save_path: string, name: string) => bytesIn(join(folder, save_path), name);

Deno.test("a run from PyTorch's weights has PyTorch's losses at every step", async () => {
  const { configuration, batch, learning_rate, name, steps } = golden!;
  await trainVqvae(
    options("parity", {
      init: goldenPath(`${name}.pt`).pathname,
      shuffle: false,
      n_epochs: steps.length / 2,
      batch_size: batch,
      lr: learning_rate,
      configuration: { ...defaultConfiguration, ...configuration },
    }),
    context(),
  );
  const lines = (await metricsOf("parity")).filter((line) => !line.epoch_end);
  assertEquals(lines.map(({ step }) => step), steps.map((_, index) => index + 1));
  for (const [index, step] of steps.entries()) {
    assertAlmostEquals(lines[index]!.loss!, step.loss, 1e-3 * step.loss);
    assertAlmostEquals(lines[index]!.recon_loss!, step.recon_loss, 1e-3 * step.recon_loss);
    assertAlmostEquals(
      lines[index]!.latent_loss!,
      step.diff_t + step.diff_b,
      1e-3 * (step.diff_t + step.diff_b),
    );
    assertAlmostEquals(lines[index]!.perplexity_t!, step.perplexity_t, 1e-3 * step.perplexity_t);
  }
});

Deno.test("a run leaves its arguments, metrics, weights and pictures", async () => {
  const outcome = await trainVqvae(
    options("files", { valid_path: other, batch_size: 5, kmeans_init: true, restart_dead_codes: 0.5 }),
    context(),
  );
  assertEquals([outcome.steps, outcome.epochs, outcome.exitCode], [6, 2, undefined]);
  const root = join(folder, "files");
  const args = JSON.parse(await Deno.readTextFile(join(root, "args.json")));
  assertEquals([args.seed, args.n_embed, args.versions.vqray, args.train_file], [816, 32, "test", data]);
  const lines = await metricsOf("files");
  assertEquals(lines.map(({ epoch, step }) => [epoch, step]), [
    [1, 1],
    [1, 2],
    [1, 3],
    [1, 3],
    [1, 3],
    [2, 4],
    [2, 5],
    [2, 6],
    [2, 6],
    [2, 6],
  ]);
  const mean = (lines[0]!.loss! + lines[1]!.loss! + lines[2]!.loss!) / 3;
  assertAlmostEquals(lines[3]!.loss!, mean, 1e-12);
  assert(lines[3]!.perplexity_b! >= 1 && lines[3]!.perplexity_b! <= 32 && lines[3]!.usage_b! > 0);
  const { tensors, metadata } = await readSafetensors(join(root, "checkpoint", "vqvae_002.safetensors"));
  assertEquals(tensors.get("quantize_b.embed")!.shape, [8, 32]);
  assertEquals(JSON.parse(metadata.configuration!).embed_dim, 8);
  await readSafetensors(join(root, "checkpoint", "best_vqvae.safetensors"));
  for (const name of ["original", "0001", "0002", "flat_0001", "flat_0002"]) {
    const picture = decodePng(await Deno.readFile(join(root, "sample", `${name}.png`)));
    assert(
      picture.width >= 600 && new Set(picture.data).size > (name === "original" ? 50 : 3),
      `${name}.png shows nothing`,
    );
  }
  const curves = await Deno.readFile(join(root, "loss_curves.png"));
  // A PNG's width follows its signature and the first chunk's length and name.
  assert(new DataView(curves.buffer).getUint32(16) > 800);
});

Deno.test("the same seed gives the same bytes, with and without validation; another seed gives others", async () => {
  const random = { kmeans_init: true, restart_dead_codes: 0.5 };
  await trainVqvae(options("first", random), context());
  await trainVqvae(options("second", { ...random, valid_path: other, log_every: 1 }), context());
  await trainVqvae(options("third", { ...random, seed: 817 }), context());
  const [first, second, third] = await Promise.all(
    ["first", "second", "third"].map((each) => checkpointBytes(each, "vqvae_002")),
  );
  const weights = (bytes: Uint8Array[]) => bytes[0]!;
  assertEquals(weights(first!), weights(second!));
  assert(weights(first!).some((value, index) => value !== weights(third!)[index]));
});

Deno.test("a resumed run leaves the same bytes as an uninterrupted one", async () => {
  const changes = { valid_path: other, restart_dead_codes: 0.5, kmeans_init: true };
  await trainVqvae(options("whole", { ...changes, n_epochs: 4 }), context());
  await trainVqvae(options("halves", { ...changes, n_epochs: 2 }), context());
  await trainVqvae(options("halves", { ...changes, n_epochs: 4, resume: true }), context());
  assertEquals(await checkpointBytes("halves", "vqvae_004"), await checkpointBytes("whole", "vqvae_004"));
  assertEquals(timeless(await metricsOf("halves")), timeless(await metricsOf("whole")));
});

Deno.test("a run that is stopped in the middle of an epoch continues with the next step", async () => {
  const stopping = context((done, stop) => {
    if (done >= 4) stop.exitCode = 130;
  });
  const outcome = await trainVqvae(options("stopped", { n_epochs: 4, log_every: 1 }), stopping);
  assertEquals([outcome.exitCode, outcome.epochs], [130, 0]);
  assert(outcome.steps >= 2 && outcome.steps < 4);
  await trainVqvae(options("stopped", { n_epochs: 4, log_every: 1, resume: true }), context());
  await trainVqvae(options("straight", { n_epochs: 4 }), context());
  assertEquals(await checkpointBytes("stopped", "vqvae_004"), await checkpointBytes("straight", "vqvae_004"));
});

Deno.test("--max_steps ends a run in the middle of an epoch, with a checkpoint", async () => {
  const outcome = await trainVqvae(
    options("maximum", { n_epochs: 9, max_steps: 6, log_every: 50 }),
    context(),
  );
  assertEquals([outcome.steps, outcome.epochs], [6, 1]);
  await checkpointBytes("maximum", "vqvae_001_step_6");
});

const parityRun: Partial<TrainVqvaeOptions> = {
  save_path: join(folder, "parity"),
  configuration: { ...defaultConfiguration, ...golden!.configuration },
};

const refusals: [string, Partial<TrainVqvaeOptions>, RegExp][] = [
  [
    "a run without --resume where there is one",
    { save_path: join(folder, "parity") },
    /parity: holds a run already; continue it with --resume/,
  ],
  ["--resume where there is none", { resume: true }, /there is no checkpoint to resume from/],
  [
    "--resume with another model",
    { save_path: join(folder, "parity"), resume: true },
    /was trained with --n_embed 64, and this run has 32|--n_res/,
  ],
  [
    "weights of another model",
    { init: goldenPath("strides_2_2.pt").pathname },
    /strides_2_2.pt: weights of another model/,
  ],
  [
    "--resume with another batch",
    { ...parityRun, batch_size: 4, resume: true },
    /--batch_size 4: .* began with 8/,
  ],
  [
    "a batch larger than the data",
    { batch_size: 17 },
    /real.hdf5: holds 16 images, expected at least one batch of 17/,
  ],
  ["sides that the strides do not divide", {
    configuration: { ...defaultConfiguration, first_stride: 16, second_stride: 4 },
  }, /real.hdf5: images are 32 by 32, expected height and width divisible by 64/],
  ["another size than --size", { size: 64 }, /real.hdf5: .*64/],
  ["a missing file", { data_path: join(folder, "none.hdf5") }, /none.hdf5: no such file or folder/],
];

for (const [what, changes, message] of refusals) {
  Deno.test(`refuses ${what}, and leaves nothing`, async () => {
    const target = options("refused", changes);
    const before = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    const error = await assertRejects(() => trainVqvae(target, context()));
    assert(error instanceof DataError || error instanceof UsageError);
    assert(message.test(error.message), error.message);
    assert(!error.message.includes("\n"));
    assertEquals((await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort(), before.sort());
  });
}
