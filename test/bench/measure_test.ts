/** Checking and timing of kernels. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type BenchCase, bySimplest, caseOf } from "../../bench/cases.ts";
import { copy, count, multiplyAdd } from "../../bench/ceilings.ts";
import { comparisonsFor } from "../../bench/comparisons.ts";
import { extentsFor } from "../../bench/extents.ts";
import { measureCeilings } from "../../bench/kernels.ts";
import { checkCase, measureCase, measureInTurns, withCase } from "../../bench/measure.ts";
import { spreadOf, Stopwatch } from "../../bench/timing.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { Executor } from "../../src/gpu/executor.ts";
import { floatType } from "../../src/graph/layout.ts";
import type { Lowering, Tunable, Variant } from "../../src/graph/lowering.ts";
import type { Operation } from "../../src/graph/operation.ts";
import { Tensor } from "../../src/graph/tensor.ts";
import { nearestCode } from "../../src/ops/codebook.ts";
import { conv2d } from "../../src/ops/convolution/conv2d.ts";
import { variable } from "../../src/ops/variable.ts";

const gpu = await Gpu.open();
const { target } = gpu;

/** The same node with parts of its operation replaced. */
function altered(node: Tensor, change: Partial<Operation<unknown>>): Tensor {
  return new Tensor({ ...node.operation, ...change }, node.inputs, node.attributes, node.type, node.label);
}

/** A copy with another kernel source. */
function copyBy(source: string): BenchCase {
  const node = copy(4096);
  return caseOf(
    altered(node, {
      lower: (result, lowering) =>
        node.operation.lower(result, {
          ...lowering,
          dispatch: (request) => lowering.dispatch({ ...request, kernel: { name: "wrong", source } }),
        }),
    }),
    target,
  );
}

const kernel = (body: string) => `
struct Params { quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) { ${body} }`;

const smallExtents = { streamed: 4096, images: 1, side: 8 };

const never = () => Promise.reject(new Error("it was timed"));

Deno.test("the ceilings' kernels equal their references", async () => {
  for (const node of [multiplyAdd(4096), copy(4096), count(100)]) await checkCase(gpu, caseOf(node, target));
});

Deno.test("both clocks show that sixteen times the work takes longer", async () => {
  const stopwatch = await Stopwatch.make(gpu);
  await withCase(gpu, caseOf(multiplyAdd(2 ** 17), target), ({ executor }) => stopwatch.calibrate(executor));
  const clocks = [
    (executor: Executor) => stopwatch.time(executor, 5),
    (executor: Executor) => stopwatch.timeOnTheWall(executor, 1),
  ];
  for (const clock of clocks) {
    const [short, long] = [
      (await measureCase(gpu, { each: caseOf(multiplyAdd(2 ** 13), target) }, clock)).least,
      (await measureCase(gpu, { each: caseOf(multiplyAdd(2 ** 17), target) }, clock)).least,
    ];
    assert(short > 0 && long > 4 * short, `${short} ms for one, ${long} ms for sixteen`);
  }
});

Deno.test("a kernel that skips an element is not timed", async () => {
  const half = copyBy(kernel("if (id.x + 1u < p.quads) { y[id.x] = x[id.x]; }"));
  await assertRejects(() => measureCase(gpu, { each: half }, never), Error, "instead of");
});

Deno.test("a kernel that does nothing is not timed", async () => {
  await assertRejects(() => measureCase(gpu, { each: copyBy(kernel("")) }, never), Error, "instead of");
});

Deno.test("a kernel that does not compile is not timed", async () => {
  await assertRejects(
    () => measureCase(gpu, { each: copyBy(kernel("y[id.x] = 1;")) }, never),
    Error,
    "wrong",
  );
});

Deno.test("a reference that is zero everywhere is refused", async () => {
  const zero = caseOf(altered(copy(64), { reference: ([x]) => x!.map(() => 0) }), target);
  await assertRejects(() => measureCase(gpu, { each: zero }, never), Error, "proves nothing");
});

Deno.test("if a smaller case is checked instead of a large one, both must be right", async () => {
  const good = copyBy(kernel("if (id.x < p.quads) { y[id.x] = x[id.x]; }"));
  const empty = copyBy(kernel(""));
  const infinite = copyBy(kernel("if (id.x < p.quads) { y[id.x] = x[id.x] / (x[id.x] - x[id.x]); }"));
  await assertRejects(() => measureCase(gpu, { each: good, small: empty }, never), Error, "instead of");
  await assertRejects(() => measureCase(gpu, { each: empty, small: good }, never), Error, "was not written");
  await assertRejects(() => measureCase(gpu, { each: infinite, small: good }, never), Error, "not finite");
  // The kernels differ, so the large case itself is checked.
  const other = caseOf(copy(4096), target);
  await assertRejects(() => measureCase(gpu, { each: empty, small: other }, never), Error, "instead of");
});

Deno.test("if the smaller case runs on other kernels, the simplest variant gives the expected values", async () => {
  /** A convolution of several images by the first variant, or of one image by the second. */
  const convolution = (images: number, change: (variant: Variant) => Variant = (variant) => variant) => {
    const x = variable(floatType([images, 8, 12, 12], "channels_last"), "x");
    const weight = variable(floatType([8, 8, 5, 5], "taps_first"), "weight");
    const node = conv2d(x, weight, { stride: [1, 1], padding: [2, 2, 2, 2] });
    const chosen = ({ variants: [first, ...others], ...rest }: Tunable): Tunable => ({
      ...rest,
      variants: images > 1 ? [change(first!), ...others] : others,
    });
    const lower = (result: Tensor, lowering: Lowering) =>
      node.operation.lower(result, { ...lowering, choose: (tunable) => lowering.choose(chosen(tunable)) });
    return caseOf(altered(node, { lower }), target);
  };
  const [each, small] = [convolution(3), convolution(1)];
  assert(each.variant !== small.variant && bySimplest(each)!.target !== target);
  const time = () => Promise.resolve(spreadOf([1]));
  assertEquals((await measureCase(gpu, { each, small }, time)).least, 1);
  const lazy = (variant: Variant): Variant => ({
    ...variant,
    lower: (lowering) =>
      variant.lower({
        ...lowering,
        dispatch: (request) => lowering.dispatch({ ...request, params: { ...request.params, tiles: 1 } }),
      }),
  });
  await assertRejects(
    () => measureCase(gpu, { each: convolution(3, lazy), small }, never),
    Error,
    "instead of",
  );
  assertEquals(bySimplest(caseOf(copy(64), target)), undefined);
});

Deno.test("codes are checked by their distance", async () => {
  const x = variable(floatType([1, 4, 3, 5], "channels_last"), "x");
  const node = nearestCode(x, variable(floatType([4, 32], "codes_first"), "embed"));
  await checkCase(gpu, caseOf(node, target));
  // Leaves every position at code 0.
  const lazy = altered(node, {
    lower: (result, lowering) =>
      node.operation.lower(result, {
        ...lowering,
        dispatch: (request) => lowering.dispatch({ ...request, params: { ...request.params, codes: 1 } }),
      }),
  });
  await assertRejects(() => checkCase(gpu, caseOf(lazy, target)), Error, "not the nearest");
});

Deno.test("the kernels compared with the ceilings equal their references and have the right sizes", async () => {
  for (const { each } of comparisonsFor(target, smallExtents)) await checkCase(gpu, each);
  const large = comparisonsFor(target, extentsFor({ software: true }));
  assertEquals(large.map(({ against }) => against), [
    ...["copy", "copy", "copy"],
    ...["arithmetic", "arithmetic", "arithmetic"],
  ]);
  // Adam reads four tensors and writes three of them, and reads the step's four numbers.
  assertEquals(large.slice(0, 3).map(({ each }) => each.bytes / 4), [3 * 2 ** 23, 2 ** 24, 7 * 2 ** 23 + 4]);
  for (const { each } of large.slice(3)) assertEquals(each.flops, 2 * 9 * 128 * 128 * 64 * 64);
});

Deno.test("measureInTurns checks each case and times all equally often", async () => {
  const [right, wrong] = [{ each: caseOf(copy(4096), target) }, { each: copyBy(kernel("")) }];
  const asked: Executor[] = [];
  const time = (executor: Executor) => {
    asked.push(executor);
    return Promise.resolve(spreadOf([asked.length]));
  };
  const spreads = await measureInTurns(gpu, [right, right], time, 3);
  assertEquals(spreads.map(({ least, most }) => [least, most]), [[1, 5], [2, 6]]);
  assertEquals([asked[0], asked[1]], [asked[2], asked[3]]);
  assert(asked[0] !== asked[1]);
  await assertRejects(() => measureInTurns(gpu, [right, wrong], never, 3), Error, "instead of");
});

Deno.test("measureCeilings times ceilings and comparisons in the same turns", async () => {
  const stopwatch = await Stopwatch.make(gpu);
  const compared = comparisonsFor(target, smallExtents);
  const { ceilings, comparisons } = await measureCeilings(gpu, stopwatch, 1, compared);
  assert(Object.values(ceilings).every((value) => value > 0));
  assertEquals(comparisons.length, compared.length);
  for (const { against, percent, toProduct, gigaflops } of comparisons) {
    assert(percent > 0 && Number.isFinite(percent));
    assertEquals(toProduct, against === "copy" ? undefined : gigaflops / ceilings.productGigaflops);
  }
});
