/** Tests that need float16, which not every adapter has. */

import { Gpu } from "../src/gpu/device.ts";

const gpu = await Gpu.open();
gpu.close();
const { target: { halves }, adapter } = gpu;

/** Runs the test if the adapter has WebGPU's shader-f16; otherwise the test is ignored, and its name says why. */
export function testOfHalves(name: string, fn: () => void | Promise<void>): void {
  Deno.test({
    name: halves ? name : `${name}: not run, as ${adapter.name} has no shader-f16`,
    ignore: !halves,
    fn,
  });
}
