/** Plans that a group of ranks runs in two parts, with a sum over the ranks in between. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { type Interval, Timestamps } from "../../src/gpu/timestamps.ts";
import { floatType } from "../../src/graph/layout.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { defaultConfiguration } from "../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../src/models/vqvae/model.ts";
import { add, relu, scale } from "../../src/ops/elementwise.ts";
import { sum } from "../../src/ops/reduce.ts";
import { record } from "../../src/ops/updates.ts";
import { variable } from "../../src/ops/variable.ts";
import { Adam } from "../../src/optim/adam.ts";
import { Arena } from "../../src/plan/arena.ts";
import { plan, type Program } from "../../src/plan/plan.ts";
import { trainingProgram } from "../../src/train/vqvae/program.ts";
import { softwareTarget } from "./targets.ts";

const vector = (label: string) => variable(floatType([64]), label);
const arenaOf = (...members: Tensor[]) => new Arena("sums", members, variable);
/** A value in memory of its own. */
const total = (tensor: Tensor) => sum(tensor);

function refuse(program: Program, message: string): void {
  assertThrows(() => plan(program, softwareTarget), RangeError, message);
}

Deno.test("the parts of a plan meet after the last of what ranks add up", () => {
  const x = vector("x");
  const [first, second] = [total(relu(x)), total(scale(x, 2))];
  const after = relu(add(first, second));
  const planned = plan({ results: [after], reduced: [arenaOf(first, second)] }, softwareTarget);
  const { reduceAt, dispatches } = planned;
  assertEquals(dispatches.slice(0, reduceAt).map(({ label }) => label).toSorted(), [
    "relu",
    "scale",
    "sum",
    "sum",
  ]);
  assertEquals(dispatches.slice(reduceAt).length, 1);
  assertEquals(plan({ results: [after] }, softwareTarget).reduceAt, undefined);
});

Deno.test("the host's values in the arena are what the second part reads", async () => {
  const gpu = await Gpu.open();
  const x = vector("x");
  const own = total(x);
  const arena = arenaOf(own);
  const after = scale(own, 2);
  const memory = new Memory(gpu);
  const executor = await Executor.load(plan({ results: [after], reduced: [arena] }, gpu.target), memory);
  memory.write(x, new Float32Array(64).fill(0.5));
  executor.run();
  assertEquals(await executor.read([after]), [Float32Array.of(64)]);
  executor.run(undefined, "before reduction");
  const [values] = await memory.read([arena.tensor]) as [Float32Array<ArrayBuffer>];
  assertEquals(values[0], 32);
  memory.write(arena.tensor, values.map((value) => value + 1));
  executor.run(undefined, "after reduction");
  assertEquals(await executor.read([after]), [Float32Array.of(66)]);
  const parts = [await executor.profile("before reduction"), await executor.profile("after reduction")];
  if (parts[0]) assertEquals(parts.flat().map((time) => time!.dispatch), executor.plan.dispatches);
  const timestamps = await Timestamps.make(gpu, 1);
  if (timestamps) {
    executor.run({ timestamps, slot: 0 }, "before reduction");
    executor.run({ timestamps, slot: 0 }, "after reduction");
    const [{ begin, end }] = await timestamps.stage([0]).read() as [Interval];
    assert(begin < end, "one interval covers both parts");
    timestamps.destroy();
  }
  executor.destroy();
  const plain = await Executor.load(plan({ results: [after] }, gpu.target), memory);
  assertThrows(() => plain.run(undefined, "after reduction"), RangeError, "no rank adds anything up");
  plain.destroy();
  memory.destroy();
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();
});

Deno.test("a sum that is read before the last of them is refused", () => {
  const x = vector("x");
  const first = total(x);
  const early = relu(first);
  const second = total(scale(x, 2));
  refuse(
    { results: [early, second], reduced: [arenaOf(first, second)] },
    "Cannot plan: relu reads sum before ranks have added it up",
  );
});

Deno.test("a value of one rank that is read beside the sums is refused", () => {
  const x = vector("x");
  const local = total(relu(x));
  const own = total(x);
  refuse(
    { results: [add(own, local)], reduced: [arenaOf(own)] },
    "reads sum, which each rank computes for itself before the sums",
  );
});

Deno.test("a variable that each rank changes for itself may not be read or changed beside the sums", () => {
  const [x, step, ring] = [
    vector("x"),
    variable(floatType([4]), "step"),
    variable(floatType([4, 1]), "ring"),
  ];
  const local = record(step, ring, [total(x)]);
  const own = total(relu(x));
  const reduced = [arenaOf(own)];
  const later = record(step, ring, [own]);
  refuse({ effects: [local, later], reduced }, "changes ring, which each rank computes for itself");
  refuse(
    { effects: [local], results: [add(own, total(ring))], reduced },
    "reads ring, which each rank computes",
  );
  // Changed by each rank, and read by itself alone; or changed by the sums, and read before them.
  assertEquals(
    plan({ effects: [local], results: [relu(own)], reduced }, softwareTarget).dispatches.length,
    5,
  );
  const state = variable(floatType([4, 1]), "state");
  const before = total(state);
  const update = record(step, state, [before]);
  assertEquals(plan({ effects: [update], reduced: [arenaOf(before)] }, softwareTarget).reduceAt, 1);
});

Deno.test("what ranks add up must be computed by the program", () => {
  const x = vector("x");
  refuse(
    { results: [total(x)], reduced: [arenaOf(x)] },
    "Cannot plan: no dispatch computes x, which ranks add up",
  );
  const apart = total(scale(x, 2));
  refuse({ results: [total(x)], reduced: [arenaOf(apart)] }, "no dispatch computes sum, which ranks add up");
});

Deno.test("a training step of several ranks has all gradients before the point, and all updates after it", () => {
  const model = new Vqvae({ ...defaultConfiguration });
  const optimizer = new Adam(model.set.parameters);
  const group = { rank: 0, size: 2, allReduce: () => Promise.resolve() };
  const { program } = trainingProgram(model, optimizer, [4, 3, 32, 32], { restart: 1, group });
  const { dispatches, reduceAt } = plan(program, softwareTarget);
  const operations = (part: typeof dispatches) => new Set(part.map(({ operation }) => operation));
  const [before, after] = [operations(dispatches.slice(0, reduceAt)), operations(dispatches.slice(reduceAt))];
  assertEquals([...after].toSorted(), [
    "adam",
    "count_codes",
    "ema_update",
    "perplexity",
    "record",
    "restart_codes",
  ]);
  for (const operation of after) assert(!before.has(operation), operation);
});
