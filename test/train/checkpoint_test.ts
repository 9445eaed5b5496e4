/** Finding the checkpoint to resume from, and reading it. */

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../src/errors.ts";
import {
  findCheckpoint,
  findRunState,
  loadCheckpoint,
  type RunState,
  saveCheckpoint,
} from "../../src/train/checkpoint.ts";

const model = { kind: "vqvae", configuration: { n_embed: 4 } } as const;
const values = { shape: [2], data: Float32Array.of(1, 2) };

function runAt(steps: number): RunState {
  const position = { steps, epochs: 1, batches: 0 };
  return { ...position, seed: 1, batch_size: 2, accumulate: 1, sums: {}, bestLoss: null };
}

async function save(folder: string, name: string, steps: number): Promise<string> {
  const path = join(folder, `${name}.safetensors`);
  await saveCheckpoint(path, model, {
    weights: new Map([["w", values]]),
    moments: new Map([["w.exp_avg", values]]),
    epochState: new Map([["usage", Uint32Array.of(7)]]),
    run: runAt(steps),
  });
  return path;
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await test(folder);
  await Deno.remove(folder, { recursive: true });
}

Deno.test("the checkpoint with the most steps is found, if its weights are there", () =>
  inFolder(async (folder) => {
    assertEquals(await findCheckpoint(join(folder, "none")), undefined);
    assertEquals(await findCheckpoint(folder), undefined);
    const middle = await save(folder, "a", 20);
    await save(folder, "b", 10);
    const last = await save(folder, "c", 30);
    assertEquals(await findCheckpoint(folder), last);
    assertEquals((await findRunState(folder))!.steps, 30);
    await Deno.remove(last);
    assertEquals(await findCheckpoint(folder), middle);
  }));

/** Replaces the data of a file with one tensor by a hole of `bytes`, which takes no room on the disk. */
async function makeHuge(path: string, bytes: number): Promise<void> {
  const old = await Deno.readFile(path);
  const length = Number(new DataView(old.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(old.subarray(8, 8 + length)));
  const { __metadata__ } = header;
  const tensor = { dtype: "F32", shape: [bytes / 4], data_offsets: [0, bytes] };
  const text = new TextEncoder().encode(JSON.stringify({ __metadata__, huge: tensor }));
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(text.length), true);
  await Deno.writeFile(path, new Uint8Array([...size, ...text]));
  await Deno.truncate(path, 8 + text.length + bytes);
}

Deno.test("finding a checkpoint reads no tensors: they may be larger than the memory", () =>
  inFolder(async (folder) => {
    await save(folder, "small", 10);
    const huge = await save(folder, "huge", 20);
    const optimizer = join(folder, "huge.optimizer.safetensors");
    await makeHuge(optimizer, 2 ** 36);
    assertEquals(await findCheckpoint(folder), huge);
    assertEquals(await findRunState(folder), runAt(20));
    // A file that is shorter than its header says is damaged, all the same.
    await Deno.truncate(optimizer, 1000);
    await assertRejects(() => findCheckpoint(folder), DataError, "huge.optimizer.safetensors");
  }));

Deno.test("a checkpoint gives back what was saved, to a run of the same model only", () =>
  inFolder(async (folder) => {
    const path = await save(folder, "run", 5);
    const shapes = { weights: new Map([["w", [2]]]), moments: new Map([["w.exp_avg", [2]]]) };
    const saved = await loadCheckpoint(path, model, shapes);
    assertEquals(saved, {
      weights: new Map([["w", values.data]]),
      moments: new Map([["w.exp_avg", values.data]]),
      epochState: new Map([["usage", Uint32Array.of(7)]]),
      run: runAt(5),
      path,
    });
    await assertRejects(
      () => loadCheckpoint(path, { ...model, configuration: { n_embed: 8 } }, shapes),
      DataError,
      `${path}: was trained with --n_embed 4, and this run has 8`,
    );
  }));
