/** Ranks that train one model together take the steps of one rank with the whole batch. */

import { assert, assertEquals } from "@std/assert";
import type { Batch } from "../../src/data/loader.ts";
import { alone, type Group } from "../../src/distributed/group.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { DensenetTrainer, type DensenetTrainerOptions } from "../../src/train/densenet/trainer.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { VqvaeTrainer, type VqvaeTrainerOptions } from "../../src/train/vqvae/trainer.ts";
import { localGroup } from "../distributed/local_group.ts";
import { testOfHalves } from "../halves.ts";
import { relativeError } from "../run_graph.ts";
import { smallDensenet } from "../trained/small_classifier.ts";
import { clothes } from "./labelled_images.ts";
import { smallCodec } from "./small_codec.ts";

const batch = 8;
const steps = 10;
const gpu = await Gpu.open();
const { images, labels } = await clothes(0, steps * batch);
/** Unknown labels, more of them in the first half of each batch than in the second. */
const knownLabels = labels.map((label, index) => index % 24 < 9 && index % 2 === 0 ? NaN : label);

/** The part of a step's batch that rank `rank` of `size` has. */
function partOf(step: number, { rank, size }: Group): Batch {
  const count = batch / size;
  const first = step * batch + rank * count;
  const rows = <Values extends Float32Array>(values: Values, width: number) =>
    values.slice(first * width, (first + count) * width) as Float32Array<ArrayBuffer>;
  return { images: rows(images, 3072), labels: rows(knownLabels, 3), count, indices: new Uint32Array(count) };
}

type AnyTrainer = VqvaeTrainer | DensenetTrainer;

interface Outcome {
  /** Of all steps, in order. */
  scalars: Record<string, number>[];
  weights: Map<string, Float32Array>;
  moments: Map<string, Float32Array>;
}

/** Trains with one trainer for each member of `group`, and gives what each of them has in the end. */
async function train(
  open: (group: Group) => Promise<AnyTrainer>,
  group: readonly Group[],
): Promise<Outcome[]> {
  const trainers = await Promise.all(group.map(open));
  for (let step = 0; step < steps; step++) {
    await Promise.all(trainers.map(async (trainer, rank) => {
      const submit = await trainer.encodeStep(partOf(step, group[rank]!));
      await submit();
    }));
  }
  return await Promise.all(trainers.map(async (trainer: Trainer) => {
    const scalars = await (await trainer.stageScalars(steps))();
    const [weights, moments] = [await trainer.state.weights(), await trainer.state.moments()];
    await trainer.close();
    const values = (state: typeof weights) => new Map([...state].map(([key, { data }]) => [key, data]));
    return { scalars, weights: values(weights), moments: values(moments) };
  }));
}

function codec(changes: Partial<VqvaeTrainerOptions> = {}) {
  return (group: Group) =>
    VqvaeTrainer.open(gpu, {
      configuration: smallCodec,
      shape: [batch / group.size, 3, 32, 32],
      learningRate: 3e-4,
      seed: 1,
      group,
      ...changes,
    });
}

function classifier(changes: Partial<DensenetTrainerOptions> = {}) {
  return (group: Group) =>
    DensenetTrainer.open(gpu, {
      configuration: smallDensenet,
      positiveWeights: [1, 2, 3],
      shape: [batch / group.size, 3, 32, 32],
      learningRate: 1e-3,
      beta1: 0.9,
      beta2: 0.999,
      weightDecay: 1e-6,
      seed: 1,
      group,
      ...changes,
    });
}

/** The largest difference of two outcomes' scalars, relative to each scalar's value. */
function scalarError(actual: Outcome, expected: Outcome): number {
  const errors = expected.scalars.flatMap((each, step) =>
    Object.entries(each).map(([name, value]) =>
      Math.abs(actual.scalars[step]![name]! - value) / Math.abs(value)
    )
  );
  return Math.max(...errors);
}

/** Asserts that the tensors for which `chosen` holds are alike. */
function assertClose(
  actual: Outcome,
  expected: Outcome,
  limit: number,
  chosen = (_key: string) => true,
): void {
  for (const [key, values] of expected.weights) {
    if (!chosen(key)) continue;
    const error = relativeError(actual.weights.get(key)!, values);
    assert(error < limit, `${key} is ${error} off`);
  }
}

for (const size of [2, 4]) {
  Deno.test(`codec: ${size} ranks take the steps of one with the whole batch, with equal bits each time`, async () => {
    const [whole] = await train(codec(), [alone]);
    const ranks = await train(codec(), localGroup(size));
    assert(scalarError(ranks[0]!, whole!) < 1e-5, `losses are ${scalarError(ranks[0]!, whole!)} off`);
    assertClose(ranks[0]!, whole!, 1e-4);
    for (const other of ranks.slice(1)) assertEquals(other, ranks[0]);
    assertEquals(await train(codec(), localGroup(size)), ranks);
  });
}

Deno.test("codec: ranks that split their parts and restart codes take the steps of one that splits the batch", async () => {
  const [split] = await train(codec({ accumulate: 4, restartDeadCodes: 0.5 }), [alone]);
  const ranks = await train(codec({ accumulate: 2, restartDeadCodes: 0.5 }), localGroup(2));
  assert(scalarError(ranks[0]!, split!) < 1e-5, `losses are ${scalarError(ranks[0]!, split!)} off`);
  assertClose(ranks[0]!, split!, 1e-4);
  assertEquals(ranks[1], ranks[0]);
});

Deno.test("codec: ranks start their codebooks at the same centres", async () => {
  const group = localGroup(2);
  const trainers = await Promise.all(group.map(codec()));
  await Promise.all(
    trainers.map((trainer, rank) => trainer.startCodebooks([partOf(0, group[rank]!).images])),
  );
  const [first, second] = await Promise.all(trainers.map(({ state }) => state.weights()));
  assertEquals(second, first);
  assert(first!.get("quantize_t.cluster_size")!.data.every((size) => size > 0));
  for (const trainer of trainers) await trainer.close();
});

Deno.test("codec: a step whose dispatches are timed is the same step", async () => {
  if (!gpu.device.features.has("timestamp-query")) return console.log("the adapter has no timestamps");
  const after = await Promise.all([false, true].map(async (timed) => {
    const group = localGroup(2);
    const trainers = await Promise.all(group.map(codec()));
    await Promise.all(trainers.map(async (trainer, rank) => {
      const part = partOf(0, group[rank]!);
      if (!timed) return await (await trainer.encodeStep(part))();
      const times = await trainer.trainTimed(part);
      assertEquals(times.length, trainer.plannedDispatches);
    }));
    const weights = await trainers[0]!.state.weights();
    for (const trainer of trainers) await trainer.close();
    return weights;
  }));
  assertEquals(after[1], after[0]);
});

const isStatistic = (key: string) => key.includes(".running_");

// Batch normalisation takes the moments of a rank's own images, as it does those of each part of a batch that is split.
Deno.test("classifier: two ranks take the steps of one that splits the batch, whichever labels are known", async () => {
  const [split] = await train(classifier({ accumulate: 2 }), [alone]);
  const ranks = await train(classifier(), localGroup(2));
  assert(scalarError(ranks[0]!, split!) < 1e-5, `losses are ${scalarError(ranks[0]!, split!)} off`);
  assertClose(ranks[0]!, split!, 1e-4, (key) => !isStatistic(key));
  assertEquals(ranks[1]!.scalars, ranks[0]!.scalars);
  assertEquals(ranks[1]!.moments, ranks[0]!.moments);
  for (const [key, values] of ranks[0]!.weights) {
    const equal = `${ranks[1]!.weights.get(key)}` === `${values}`;
    assertEquals(
      equal,
      !isStatistic(key),
      `${key}: running statistics are each rank's own, all else is shared`,
    );
  }
  assertEquals(await train(classifier(), localGroup(2)), ranks);
});

/** The group, and for each of its sums whether the ranks' terms were all finite. */
function watched(group: readonly Group[]): { group: Group[]; finite: boolean[][] } {
  const finite: boolean[][] = group.map(() => []);
  return {
    finite,
    group: group.map((each) => ({
      ...each,
      allReduce(values) {
        finite[each.rank]!.push(values.every(Number.isFinite));
        return each.allReduce(values);
      },
    })),
  };
}

testOfHalves("codec in float16: an overflow on one rank skips the step on all", async () => {
  const { group, finite } = watched(localGroup(2));
  const trainers = await Promise.all(group.map(codec({ precision: "f16" })));
  const step = (index: number, factor: number) =>
    Promise.all(trainers.map(async (trainer, rank) => {
      const part = partOf(index, group[rank]!);
      // The second rank's images are far from those that the codec knows.
      if (rank === 1) part.images = part.images.map((value) => factor * value);
      const submit = await trainer.encodeStep(part);
      await submit();
    }));
  const values = () =>
    Promise.all(trainers.map(async ({ state }) => {
      const all = [...await state.weights(), ...await state.moments()];
      return new Map(all.map(([key, { data }]) => [key, `${data}`]));
    }));
  await step(0, 1);
  const [before] = await values();
  await step(1, 10_000);
  const [first, second] = await values();
  assertEquals(finite, [[true, true], [true, false]]);
  assertEquals(second, first);
  const changed = [...before!.keys()].filter((key) => before!.get(key) !== first!.get(key));
  assertEquals(changed.filter((key) => !key.startsWith("quantize_")), [
    "loss_scale",
    "loss_scale.good_steps",
  ]);
  assertEquals([first!.get("loss_scale"), first!.get("loss_scale.good_steps")], ["32768", "0"]);
  await step(2, 1);
  const [later, other] = await values();
  assertEquals(other, later);
  assert(later!.get("enc_b.blocks.0.weight") !== first!.get("enc_b.blocks.0.weight"));
  for (const trainer of trainers) await trainer.close();
});

globalThis.addEventListener("unload", () => gpu.close());
