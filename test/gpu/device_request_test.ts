/** Which features a device is asked for, and what is done where they are refused. */

import { assertEquals, assertRejects } from "@std/assert";
import { requestDevice } from "../../src/gpu/device_request.ts";

/** An adapter with the features listed, which grants those and `hidden` and answers others with `refusal`. */
function adapterWith(features: string[], lanes: [number, number], hidden: string[] = [], refusal?: Error) {
  const asked: string[][] = [];
  const adapter = {
    features: new Set(features),
    limits: { maxBindGroups: 4 },
    info: { subgroupMinSize: lanes[0], subgroupMaxSize: lanes[1] },
    requestDevice({ requiredFeatures }: { requiredFeatures: string[] }) {
      asked.push(requiredFeatures);
      const refused = requiredFeatures.some((each) => !features.includes(each) && !hidden.includes(each));
      return refused ? Promise.reject(refusal ?? new TypeError("not supported")) : Promise.resolve({});
    },
  } as unknown as GPUAdapter;
  return { adapter, asked };
}

Deno.test("subgroups are used where the device grants them, although the adapter does not list them", async () => {
  const { adapter, asked } = adapterWith(["shader-f16"], [8, 8], ["subgroups"]);
  assertEquals((await requestDevice(adapter, true)).hasEightLanes, true);
  assertEquals(asked, [["shader-f16", "subgroups"]]);
});

Deno.test("a platform that refuses features that are not listed gives a device without subgroups", async () => {
  const { adapter, asked } = adapterWith(["shader-f16"], [8, 8]);
  assertEquals((await requestDevice(adapter, true)).hasEightLanes, false);
  assertEquals(asked, [["shader-f16", "subgroups"], ["shader-f16"]]);
});

Deno.test("subgroups that are not listed are asked for only where they always have eight lanes", async () => {
  const { adapter, asked } = adapterWith(["timestamp-query"], [4, 8]);
  assertEquals((await requestDevice(adapter, true)).hasEightLanes, false);
  assertEquals((await requestDevice(adapter, false)).hasEightLanes, false);
  assertEquals(asked, [["timestamp-query"], []]);
});

Deno.test("a device that cannot be had for another reason is an error", async () => {
  const { adapter } = adapterWith([], [8, 8], [], new Error("out of memory"));
  await assertRejects(() => requestDevice(adapter, true), Error, "out of memory");
});
