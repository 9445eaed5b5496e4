/** The engine's bundle on Dawn: every call is valid as Chrome sees it, and errors name the kernel. */

import { assert, assertEquals, assertMatch } from "../../src/std/assert.ts";
import { bundle, load } from "./bundle.ts";
import type { CodecRun } from "./codec_run.ts";
import { inDawn } from "./dawn.ts";

const engine = await load(await bundle("codec_run.ts"));

Deno.test("a codec is planned, loaded, run and read back", async () => {
  const run: CodecRun = await inDawn(() => engine.runCodec());
  console.log(
    `Dawn ran ${run.dispatches} dispatches of ${run.kernels} kernels`,
  );
  assert(run.dispatches > 20 && run.kernels > 5);
  assertEquals(run.lengths, [2 * 3 * 32 * 32, 2 * 4 * 4, 2 * 8 * 8]);
  assertEquals(run.buffers, 0);
});

Deno.test("a kernel that does not compile is named, and its line is quoted", async () => {
  const message: string = await inDawn(() => engine.loadBrokenKernel());
  assertMatch(message, /^kernel broken: /);
  assert(message.includes("y[p.quads] = missing;"), message);
});
