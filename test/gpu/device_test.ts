/** Devices: choice of the adapter, and errors of WebGPU as exceptions that name their subject. */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { DataError, UsageError } from "../../src/errors.ts";
import { Gpu, listAdapters } from "../../src/gpu/device.ts";

const storage = GPUBufferUsage.STORAGE;

async function withGpu(test: (gpu: Gpu) => Promise<void> | void): Promise<void> {
  const gpu = await Gpu.open();
  await test(gpu);
  gpu.close();
}

Deno.test("adapters are listed with index and name, and opened by either", async () => {
  const adapters = await listAdapters();
  assert(adapters.length > 0);
  adapters.forEach(({ index, name, vendor, software }, at) => {
    assertEquals([index, typeof name, typeof vendor, typeof software], [at, "string", "string", "boolean"]);
    assert(name.length > 0);
  });
  const last = adapters.at(-1)!;
  for (const adapter of [`${last.index}`, last.name, last.name.slice(1, -1).toUpperCase()]) {
    const gpu = await Gpu.open({ adapter });
    assert(adapters.some(({ name }) => name === gpu.adapter.name));
    gpu.close();
  }
  const byNumber = await Gpu.open({ adapter: `${last.index}` });
  assertEquals(byNumber.adapter, last);
  byNumber.close();
});

Deno.test("an unknown adapter is refused with a list of those available", async () => {
  const [first] = await listAdapters();
  for (const adapter of ["nonesuch", "99"]) {
    const { message } = await assertRejects(() => Gpu.open({ adapter }), UsageError);
    assert(message.startsWith(`--adapter ${adapter}: no such adapter; there are 0: ${first!.name}`), message);
  }
});

Deno.test("a target has the limits that the adapter offers, and subgroups only if they are wanted", async () => {
  const plain = await Gpu.open({ subgroups: false });
  assertEquals(plain.target.subgroupLanes, 0);
  await withGpu(({ target, device }) => {
    assert([0, 8].includes(target.subgroupLanes));
    assert(
      target.maxBindingBytes >= 2 ** 27 && target.maxInvocations >= 256 && target.maxStorageBuffers >= 8,
    );
    assertEquals(target.maxWorkgroupsPerDimension, device.limits.maxComputeWorkgroupsPerDimension);
    assert(256 % target.storageAlignment === 0 && 256 % target.uniformAlignment === 0);
    assert(target.parallelWorkgroups >= 2);
    assertEquals({ ...target, subgroupLanes: 0 }, plain.target);
  });
  plain.close();
});

const header = "@compute @workgroup_size(1) fn main()";

for (
  const [what, code, detail] of [
    ["does not parse", "fn main( {", "parsing error: expected identifier"],
    ["has wrong types", `${header} { let x: f32 = 1u; }`, "expected to be `f32`, but got `u32`"],
    ["uses an unknown name", `${header} { let x = y; }`, "identifier: `y`"],
    ["has no entry point", "@compute @workgroup_size(1) fn other() {}", "entry point 'main'"],
    ["has too large a workgroup", "@compute @workgroup_size(100000) fn main() {}", "size is out of range"],
    [
      "binds more than its layout",
      `@group(0) @binding(3) var<storage> w: array<f32>; ${header} { _ = w[0]; }`,
      "binding: 3",
    ],
  ] as const
) {
  Deno.test(`a kernel that ${what} is refused with its name`, () =>
    withGpu(async (gpu) => {
      const layout = gpu.device.createPipelineLayout({ bindGroupLayouts: [] });
      const { message } = await assertRejects(() => gpu.pipeline("sample kernel", code, layout), Error);
      assert(message.startsWith("kernel sample kernel: "), message);
      assert(message.includes(detail), message);
      assert(!message.includes("\n"), message);
      gpu.check();
    }));
}

Deno.test("the same code is compiled once", () =>
  withGpu(async (gpu) => {
    const layout = gpu.device.createPipelineLayout({ bindGroupLayouts: [] });
    const first = await gpu.pipeline("first", `${header} {}`, layout);
    assertEquals(await gpu.pipeline("second", `${header} {}`, layout) === first, true);
    assertEquals(gpu.pipelineCount, 1);
    await gpu.pipeline("third", `${header} { }`, layout);
    assertEquals(gpu.pipelineCount, 2);
  }));

Deno.test("a buffer that cannot be allocated is refused with its name and size, and not counted", () =>
  withGpu(async (gpu) => {
    const limit = gpu.device.limits.maxBufferSize;
    await assertRejects(
      () => gpu.allocate("weights", limit + 4, storage),
      Error,
      `buffer weights of ${limit + 4} bytes: `,
    );
    await assertRejects(
      () => gpu.allocate("weights", 16, GPUBufferUsage.MAP_READ | storage),
      Error,
      "buffer weights of 16 bytes: ",
    );
    assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
    gpu.check();
  }));

Deno.test("buffers are counted from allocate to free", () =>
  withGpu(async (gpu) => {
    const first = await gpu.allocate("first", 64, storage),
      second = await gpu.allocate("second", 32, storage);
    assertEquals(gpu.allocated, { bytes: 96, buffers: 2 });
    gpu.free(first);
    assertEquals(gpu.allocated, { bytes: 32, buffers: 1 });
    gpu.free(second);
    assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  }));

Deno.test("a bind group that does not fit its layout is refused with its label", () =>
  withGpu(async (gpu) => {
    const buffer = await gpu.allocate("small", 16, GPUBufferUsage.COPY_DST);
    const entry = { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "storage" as const } };
    const layout = gpu.device.createBindGroupLayout({ entries: [entry] });
    const bind = (entries: GPUBindGroupEntry[]) =>
      gpu.scoped("kernel for x", () => gpu.device.createBindGroup({ layout, entries }));
    for (const entries of [[], [{ binding: 0, resource: { buffer } }]]) {
      const { message } = await assertRejects(() => bind(entries), Error);
      assert(message.startsWith("kernel for x: "), message);
    }
    gpu.free(buffer);
  }));

Deno.test("an exception within error scopes gets the label and closes the scopes", () =>
  withGpu(async (gpu) => {
    const broken = () =>
      gpu.scoped("attempt", () =>
        (() => {
          throw new TypeError("first line\n\n  second line");
        })());
    await assertRejects(broken, Error, "attempt: first line second line");
    gpu.device.createBuffer({ size: 2 ** 50, usage: storage });
    // An error outside any scope: a scope left open would catch it.
    await assertRejects(() => gpu.finish(), Error, "WebGPU: ");
  }));

Deno.test("overlapping error scopes each get their own error", () =>
  withGpu(async (gpu) => {
    const make = (label: string, size: number) =>
      gpu.scoped(label, () => gpu.device.createBuffer({ size, usage: storage }).destroy());
    const results = await Promise.allSettled([
      make("first", 2 ** 40),
      make("second", 16),
      make("third", 2 ** 41),
    ]);
    assertEquals(results.map(({ status }) => status), ["rejected", "fulfilled", "rejected"]);
    const [first, , third] = results as PromiseRejectedResult[];
    assertMatch(first!.reason.message, /^first: ./);
    assertMatch(third!.reason.message, /^third: ./);
  }));

Deno.test("an error outside any scope is thrown once, by the next check", () =>
  withGpu(async (gpu) => {
    gpu.device.createBuffer({ size: 2 ** 40, usage: storage });
    gpu.device.createBuffer({ size: 2 ** 41, usage: storage });
    await assertRejects(() => gpu.finish(), Error, "WebGPU: ");
    gpu.check();
    await gpu.finish();
  }));

Deno.test("every use of a lost device is an error", async () => {
  const gpu = await Gpu.open();
  const buffer = await gpu.allocate("staging", 16, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  gpu.device.destroy();
  const lost = "the GPU was lost (destroyed): ";
  await assertRejects(() => gpu.map(buffer), DataError, lost);
  assertThrows(() => gpu.check(), DataError, lost);
  assertThrows(() => gpu.check(), DataError, lost);
  await assertRejects(() => gpu.finish(), DataError, lost);
  await assertRejects(() => gpu.allocate("late", 16, storage), DataError, lost);
});

Deno.test("a closed device does not count as lost", async () => {
  const gpu = await Gpu.open();
  gpu.close();
  await gpu.device.lost;
  gpu.check();
});
