/** Training with float16 values: losses, repeatability, and steps that overflow. */

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../src/errors.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { FloatType } from "../../src/graph/layout.ts";
import { trainDensenet } from "../../src/train/densenet/train.ts";
import { requirePrecision } from "../../src/train/precision.ts";
import type { RunOptions } from "../../src/train/run_options.ts";
import { trainVqvae } from "../../src/train/vqvae/train.ts";
import { VqvaeTrainer } from "../../src/train/vqvae/trainer.ts";
import { testOfHalves } from "../halves.ts";
import { classifierOptions, clothes, writeClothes } from "./labelled_images.ts";
import { codecOptions, smallCodec } from "./small_codec.ts";
import { checkpointBytes, context, metricsOf, timeless } from "./run_context.ts";

const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const [data, valid] = [at("train.hdf5"), at("valid.hdf5")];
await writeClothes(data, [0, 40]);
await writeClothes(valid, [100, 8]);

type Changes = Partial<RunOptions> & { precision: FloatType };

const train = {
  vqvae: (name: string, changes: Changes) => {
    const own = { sample_every: 10, kmeans_init: true, restart_dead_codes: 0.5, lr: 1e-3, batch_size: 8 };
    return trainVqvae(codecOptions(data, at(name), { ...own, ...changes }), context());
  },
  // With fewer images or a larger learning rate, a change as small as float16's rounding would change float32's
  // losses, too.
  densenet: (name: string, changes: Changes) =>
    trainDensenet(
      classifierOptions(data, at(name), { batch_size: 20, lr: 2e-4, ...changes }),
      context(),
    ),
};

for (const model of ["vqvae", "densenet"] as const) {
  testOfHalves(`${model}: losses in float16 are those in float32 within a percent`, async () => {
    const losses = await Promise.all((["f32", "f16"] as const).map(async (precision) => {
      const name = `${model} ${precision}`;
      await train[model](name, { precision, n_epochs: 6, valid_path: valid, checkpoint_every: 3 });
      const lines = await metricsOf(at(name));
      assertEquals(lines[0].loss_scale, precision === "f16" ? 65536 : undefined);
      return lines.filter((line) => line.epoch_end).map(({ loss }) => loss as number);
    }));
    const [wide, half] = losses as [number[], number[]];
    assertEquals(half.length, 12);
    half.forEach((loss, index) => assertAlmostEquals(loss, wide[index]!, 0.01 * wide[index]!));
    assert(half.some((loss, index) => loss !== wide[index]), "nothing was rounded");
  });

  testOfHalves(
    `${model}: in float16 the same seed gives the same bytes, and so does a resumed run`,
    async () => {
      const name = `${model} halves`;
      await train[model](name, { precision: "f16", n_epochs: 3, valid_path: valid, checkpoint_every: 3 });
      await train[model](name, {
        precision: "f16",
        n_epochs: 6,
        valid_path: valid,
        checkpoint_every: 3,
        resume: true,
      });
      for (const epochs of ["003", "006"]) {
        const file = `${model}_${epochs}`;
        assertEquals(await checkpointBytes(at(name), file), await checkpointBytes(at(`${model} f16`), file));
      }
      assertEquals(timeless(await metricsOf(at(name))), timeless(await metricsOf(at(`${model} f16`))));
    },
  );

  testOfHalves(`${model}: a run is resumed in its own precision only`, async () => {
    for (const [precision, before] of [["f32", "f16"], ["f16", "f32"]] as const) {
      const name = `${model} ${before}`;
      const error = await assertRejects(
        () => train[model](name, { precision, n_epochs: 7, resume: true }),
        UsageError,
      );
      assertEquals(error.message, `--precision ${precision}: the run in ${at(name)} began with ${before}`);
    }
  });
}

testOfHalves("gradients that overflow change neither weights nor moments, and halve the scale", async () => {
  const gpu = await Gpu.open();
  const options = { configuration: smallCodec, shape: [8, 3, 32, 32] as const, learningRate: 1e-3, seed: 1 };
  const trainer = await VqvaeTrainer.open(gpu, { ...options, precision: "f16" });
  const { images } = await clothes(0, 8);
  const step = async () => {
    const submit = await trainer.encodeStep({ images, count: 8, indices: new Uint32Array(8) });
    await submit();
  };
  const values = async () => {
    const state = [...await trainer.state.weights(), ...await trainer.state.moments()];
    return new Map(state.map(([key, { data }]) => [key, [...data]]));
  };
  await step();
  const before = await values();
  const scale = 2 ** 60;
  trainer.state.write(new Map([["loss_scale", Float32Array.of(scale)]]));
  await step();
  const after = await values();
  const changed = [...before.keys()].filter((key) => `${before.get(key)}` !== `${after.get(key)}`);
  // The codebooks follow the forward pass, which does not overflow.
  assertEquals(changed.filter((key) => !key.startsWith("quantize_")), [
    "loss_scale",
    "loss_scale.good_steps",
  ]);
  assert(changed.some((key) => key.endsWith(".embed")));
  assertEquals([after.get("loss_scale"), after.get("loss_scale.good_steps")], [[scale / 2], [0]]);
  trainer.state.write(new Map([["loss_scale", Float32Array.of(1024)]]));
  await step();
  const later = await values();
  assert(`${later.get("enc_b.blocks.0.weight")}` !== `${after.get("enc_b.blocks.0.weight")}`);
  // This is Adam's second step, not its third.
  assertAlmostEquals(later.get("loss_scale.corrections")![0]!, 1 - 0.9 ** 2, 1e-6);
  trainer.restartOptimizer(1e-3);
  assertEquals((await values()).get("loss_scale.corrections"), [0, 0]);
  await trainer.close();
  gpu.close();
});

Deno.test("--precision f16 is refused if the adapter has no float16, with the adapter's name", async () => {
  const gpu = await Gpu.open();
  const [narrow, wide] = [false, true].map((halves) =>
    Object.create(gpu, { target: { value: { ...gpu.target, halves } } }) as Gpu
  ) as [Gpu, Gpu];
  requirePrecision({ precision: "f16" }, wide);
  requirePrecision({ precision: "f32" }, narrow);
  requirePrecision({}, narrow);
  assertThrows(
    () => requirePrecision({ precision: "f16" }, narrow),
    UsageError,
    `--precision f16: ${gpu.adapter.name} has no float16 (WebGPU's shader-f16), expected f32`,
  );
  gpu.close();
});
