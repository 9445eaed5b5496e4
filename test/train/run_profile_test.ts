/** `--profile`: what it reports of a run, and that it changes no result. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { Gpu } from "../../src/gpu/device.ts";
import { trainDensenet } from "../../src/train/densenet/train.ts";
import { RunProfile } from "../../src/train/run_profile.ts";
import { trainVqvae } from "../../src/train/vqvae/train.ts";
import { classifierOptions, writeClothes } from "./labelled_images.ts";
import { codecOptions } from "./small_codec.ts";
import { checkpointBytes, context, metricsOf, timeless } from "./run_context.ts";

const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const data = at("train.hdf5");
await writeClothes(data, [0, 18]);

const gpu = await Gpu.open();
const hasTimestamps = gpu.device.features.has("timestamp-query");
gpu.close();

const json = async (path: string) => JSON.parse(await Deno.readTextFile(path));

for (
  const [model, train] of [
    ["densenet", (name, profile, notes) =>
      trainDensenet(
        classifierOptions(data, at(name), { profile, log_every: 2 }),
        context(() => {}, notes),
      )],
    [
      "vqvae",
      (name, profile, notes) =>
        trainVqvae(
          codecOptions(data, at(name), { profile, log_every: 2, restart_dead_codes: 0.5 }),
          context(() => {}, notes),
        ),
    ],
  ] as [string, (name: string, profile: boolean, notes: string[]) => Promise<{ steps: number }>][]
) {
  Deno.test(`${model}: a run with --profile leaves the same bytes, and figures of its time`, async () => {
    const [plain, profiled] = [`${model} plain`, `${model} profiled`];
    await train(plain, false, []);
    const notes: string[] = [];
    const { steps } = await train(profiled, true, notes);
    const name = `${model}_002`;
    assertEquals(await checkpointBytes(at(profiled), name), await checkpointBytes(at(plain), name));
    assertEquals(timeless(await metricsOf(at(profiled))), timeless(await metricsOf(at(plain))));
    const { traceEvents } = await json(at(join(profiled, "trace.json")));
    const spans = traceEvents.filter(({ ph }: { ph: string }) => ph === "X");
    const named = (wanted: string) => spans.filter(({ name }: { name: string }) => name === wanted);
    assert(spans.every(({ ts, dur }: { ts: number; dur: number }) => ts >= 0 && dur >= 0));
    assertEquals(named("waiting for data").length, steps);
    if (!hasTimestamps) return console.log("no figures: the adapter has no timestamps");

    const profile = await json(at(join(profiled, "profile.json")));
    assertEquals([profile.timestamps, profile.steps, profile.detailed_step], [true, steps, 4]);
    // All steps but the first and the step whose dispatches were timed.
    assertEquals(profile.gpu.steps, steps - 2);
    assertEquals(profile.epochs.length, 2);
    const { busy_milliseconds: busy, idle_milliseconds: idle, idle_share: share } = profile.gpu;
    assert(busy > 0 && idle >= 0 && share === idle / (busy + idle) && share < 1);
    const shares = profile.operations.map(({ share }: { share: number }) => share);
    assert(Math.abs(shares.reduce((sum: number, each: number) => sum + each) - 1) < 1e-9);
    assertEquals(shares, shares.toSorted((a: number, b: number) => b - a));
    const names = profile.operations.map(({ operation }: { operation: string }) => operation);
    assert(["conv2d", "conv2d_weight_gradient", "adam"].every((each) => names.includes(each)), `${names}`);

    for (let step = 1; step <= steps; step++) {
      assertEquals(named(`step ${step}`).length, step === 4 ? 0 : 1, `step ${step}`);
    }
    const [adam] = named("adam");
    assert(adam.dur > 0 && adam.args.flops > 0);
    assertEquals(notes.filter((note) => /^profile: epoch [12]: GPU idle \d+\.\d\d% /.test(note)).length, 2);
    assert(notes.some((note) => /^operation +calls +ms +share/.test(note)));
    assert(notes.some((note) => /; \d+ dispatches of \d+ compiled kernels$/.test(note)));
  });
}

Deno.test("without timestamps the profile says so, and has the times of the host's work", async () => {
  const without = await Gpu.open({ timestamps: false });
  const notes: string[] = [];
  const profile = await RunProfile.start(without, (text) => notes.push(text));
  assertEquals([profile.wantsDetail, profile.slotOf(0)], [false, undefined]);
  const result = profile.time("uploading", () => {
    const until = performance.now() + 5;
    while (performance.now() < until);
    return 3;
  });
  profile.submitting(0);
  await profile.stage()();
  profile.endEpoch(1);
  await profile.finish(folder);
  without.close();
  const { host_milliseconds, timestamps, gpu, steps, operations } = await json(at("profile.json"));
  assertEquals([result, timestamps, gpu, steps, operations], [3, false, undefined, 1, []]);
  assert(host_milliseconds.uploading >= 5 && host_milliseconds.submitting === 0);
  assert(
    notes[0]!.endsWith(
      "has no timestamps: only the host's work is timed",
    ),
  );
  assertEquals(notes.length, 2);
});
