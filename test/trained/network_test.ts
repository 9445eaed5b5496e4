/** A network's plans: how many are kept, what dropping one frees, and how often weights are uploaded. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Gpu, OutOfMemoryError } from "../../src/gpu/device.ts";
import { floatType } from "../../src/graph/layout.ts";
import { convolutionLayer } from "../../src/nn/convolution.ts";
import { ParameterSet } from "../../src/nn/parameters.ts";
import { channelsLast } from "../../src/ops/channels.ts";
import { variable } from "../../src/ops/variable.ts";
import { keyOf, normalArray } from "../../src/random.ts";
import { Network } from "../../src/trained/network.ts";
import { uploadedBytes } from "./uploaded_bytes.ts";

/** A network of one 3 × 3 convolution from 4 to 64 channels, whose weights are larger than the images here. */
function sample(gpu: Gpu, planCount?: number) {
  const set = new ParameterSet();
  const layer = convolutionLayer(set, "layer", { input: 4, output: 64, kernel: 3, padding: 1 });
  const network = new Network(gpu, set, set.initialValues(1), planCount);
  let builds = 0;
  const run = async (side: number) => {
    const build = () => {
      builds++;
      const images = variable(floatType([1, 4, side, side]), "images");
      return { inputs: [images], results: [layer(channelsLast(images))] };
    };
    const [result] = await network.run(`${side}`, build, [normalArray(keyOf(`${side}`), 4 * side * side)]);
    return result!;
  };
  return { network, run, builds: () => builds };
}

const weightBytes = 4 * 64 * 4 * 9;

Deno.test("the least recently used plan is dropped, its memory is freed, and a reload gives the same bits", async () => {
  const gpu = await Gpu.open();
  const { network, run, builds } = sample(gpu, 2);
  const first = await run(4);
  const one = { ...gpu.allocated };
  await run(6);
  assertEquals(await run(4), first);
  assertEquals(builds(), 2);
  const two = { ...gpu.allocated };
  // The plan for side 6 was used least recently, so that it is dropped and the one for side 4 stays.
  await run(8);
  assertEquals(gpu.allocated.buffers, two.buffers);
  assertEquals(await run(4), first);
  assertEquals(builds(), 3);
  await run(6);
  assertEquals(builds(), 4);
  assertEquals(gpu.allocated, two);
  // With a bound of one, a single plan and the weights are left, whatever ran before.
  const single = sample(gpu, 1);
  for (const side of [8, 6, 4]) await single.run(side);
  assertEquals({ bytes: gpu.allocated.bytes - two.bytes, buffers: gpu.allocated.buffers - two.buffers }, one);
  single.network.close();
  network.close();
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();
});

Deno.test("weights are uploaded once, even if every plan that used them was dropped", async () => {
  const gpu = await Gpu.open();
  const { network, run } = sample(gpu, 1);
  const written = uploadedBytes(gpu);
  await run(4);
  assert(written() > weightBytes);
  const before = written();
  for (const side of [6, 4, 6]) await run(side);
  assert(written() - before < weightBytes, `${written() - before} bytes`);
  network.close();
  gpu.close();
});

Deno.test("concurrent runs take turns, even if they drop one another's plans", async () => {
  const gpu = await Gpu.open();
  const alone = sample(gpu);
  const expected = [];
  for (const side of [4, 5, 6, 4]) expected.push(await alone.run(side));
  const { network, run } = sample(gpu, 1);
  assertEquals(await Promise.all([4, 5, 6, 4].map(run)), expected);
  network.close();
  alone.network.close();
  gpu.close();
});

Deno.test("a failed run frees its memory, and the network can still be used", async () => {
  const gpu = await Gpu.open();
  const { network, run } = sample(gpu);
  const first = await run(4);
  const { ...before } = gpu.allocated;
  const failing = network.run("failing", () => {
    throw new RangeError("no such graph");
  }, []);
  await assertRejects(() => failing, RangeError, "no such graph");
  assertEquals(gpu.allocated, before);
  assertEquals(await run(4), first);
  network.close();
  gpu.close();
});

Deno.test("plans are dropped if the memory does not suffice for a new one", async () => {
  const gpu = await Gpu.open();
  const { network, run, builds } = sample(gpu);
  const results = [await run(4), await run(6)];
  const allocate = gpu.allocate.bind(gpu);
  let most = gpu.allocated.bytes;
  gpu.allocate = async (label, bytes, usage) => {
    const isPlanned = label !== "read back";
    if (isPlanned && gpu.allocated.bytes + bytes > most) throw new OutOfMemoryError(`no memory for ${label}`);
    return await allocate(label, bytes, usage);
  };
  // The plan for side 7 needs the memory of both others.
  await run(7);
  assertEquals(builds(), 5);
  // Not even a plan alone has room. Afterwards only the weights are left.
  most = gpu.allocated.bytes - 1;
  await assertRejects(() => run(9), OutOfMemoryError, "no memory for");
  assertEquals(gpu.allocated.buffers, 2);
  gpu.allocate = allocate;
  assertEquals([await run(4), await run(6)], results);
  network.close();
  gpu.close();
});

Deno.test("a network keeps at least one plan", async () => {
  const gpu = await Gpu.open();
  assertThrows(() => sample(gpu, 0), RangeError, "expected at least 1");
  gpu.close();
});
