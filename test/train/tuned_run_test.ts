/** Runs with tuned kernels: a checkpoint keeps the choice, and a resumed run has the same kernels. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { ImageFileWriter } from "../../src/data/write.ts";
import { UsageError } from "../../src/errors.ts";
import { readSafetensors } from "../../src/io/safetensors_file.ts";
import { uniformArray } from "../../src/random.ts";
import type { TrainVqvaeOptions } from "../../src/train/vqvae/options.ts";
import { trainVqvae } from "../../src/train/vqvae/train.ts";
import { codecOptions, smallCodec } from "./small_codec.ts";
import { checkpointBytes, context } from "./run_context.ts";

const folder = await Deno.makeTempDir();
const data_path = join(folder, "noise.hdf5");
const writer = await ImageFileWriter.create(data_path, { shape: [3, 16, 16], labelCount: 1 });
writer.append(uniformArray(1, 8 * 3 * 16 * 16, -1, 1), new Float32Array(8));
await writer.finish();

async function train(name: string, changes: Partial<TrainVqvaeOptions>): Promise<string[]> {
  const notes: string[] = [];
  const options = codecOptions(data_path, join(folder, name), {
    checkpoint_every: 1,
    configuration: { ...smallCodec, n_embed: 16 },
    ...changes,
  });
  await trainVqvae(options, context(undefined, notes));
  return notes;
}

Deno.test("a resumed run takes the kernels from its checkpoint without measuring, and leaves the same bytes", async () => {
  const cache_folder = join(folder, "cache");
  const first = await train("whole", { tune: "quick", cache_folder });
  assert(first.some((note) => note.startsWith("tuning ")), first.join("\n"));
  const again = await train("parts", { tune: "quick", cache_folder, n_epochs: 1 });
  assert(!again.some((note) => note.startsWith("tuning ")), again.join("\n"));
  // Neither the option nor the cache is given; the checkpoint has all choices.
  const resumed = await train("parts", { resume: true, cache_folder: undefined });
  assert(!resumed.some((note) => note.startsWith("tuning ")), resumed.join("\n"));
  assertEquals(
    await checkpointBytes(join(folder, "parts"), "vqvae_002"),
    await checkpointBytes(join(folder, "whole"), "vqvae_002"),
  );
  const path = join(folder, "whole", "checkpoint", "vqvae_002.optimizer.safetensors");
  const { kernels } = JSON.parse((await readSafetensors(path)).metadata.run!);
  assertEquals(kernels.tune, "quick");
  assert(Object.keys(kernels.choices).length > 20, Object.keys(kernels.choices).join("\n"));
});

Deno.test("resuming with another way of tuning is refused", async () => {
  await assertRejects(
    () => train("parts", { resume: true, tune: "full" }),
    UsageError,
    `--tune full: the run in ${join(folder, "parts")} began with quick`,
  );
});

globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
