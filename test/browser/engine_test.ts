/** The engine's bundle on Dawn: every call is valid as Chrome sees it, and errors name the kernel. */

import { assert, assertEquals, assertMatch } from "../../src/std/assert.ts";
import { bundle, load } from "./bundle.ts";
import { inDawn } from "./dawn.ts";
import type { CodecResult, Run } from "./engine_runs.ts";

const engine = await load(await bundle("engine_runs.ts"));

Deno.test("a codec encodes, decodes and reconstructs images", async () => {
  const run: Run<CodecResult> = await inDawn(() => engine.runCodec());
  const { codes, decoded, reconstruction } = run.result;
  assertEquals([codes.topCodes.length, codes.bottomCodes.length], [2 * 4 * 3, 2 * 8 * 6]);
  assertEquals([decoded.length, reconstruction.length], [2 * 3 * 30 * 21, 2 * 3 * 30 * 21]);
  assert(run.kernels > 5, `${run.kernels}`);
  assertEquals(run.buffers, 0);
});

Deno.test("a classifier predicts", async () => {
  const run: Run<Float32Array> = await inDawn(() => engine.runClassifier());
  assertEquals(run.result.length, 3 * 2);
  assert(run.kernels > 5, `${run.kernels}`);
  assertEquals(run.buffers, 0);
});

Deno.test("a kernel that does not compile is named, and its line is quoted", async () => {
  const message: string = await inDawn(() => engine.loadBrokenKernel());
  assertMatch(message, /^kernel broken: /);
  assert(message.includes("y[p.quads] = missing;"), message);
});
