import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { WorkerClient } from "../../src/workers/worker_client.ts";
import { DataError } from "../../src/errors.ts";

const fragile = new URL("./fragile_worker.ts", import.meta.url);

Deno.test("WorkerClient returns each answer to its own call, whatever their order", async () => {
  const client = new WorkerClient(fragile, "x.h5");
  assertEquals(await Promise.all([client.call("slow"), client.call("quick")]), ["slow done", "quick done"]);
  client.close("closed");
});

Deno.test("an answer with an error becomes a DataError with its message", async () => {
  const client = new WorkerClient(fragile, "x.h5");
  const error = await assertRejects(() => client.call("refuse"), DataError);
  assertEquals(error.message, "x.h5: refused");
  assertEquals(await client.call("quick"), "quick done");
  client.close("closed");
});

Deno.test("a worker that dies fails every call, pending and later", async () => {
  const client = new WorkerClient(fragile, "x.h5");
  const calls = ["slow", "die", "never"].map((request) =>
    assertRejects(() => client.call(request), DataError)
  );
  for (const error of await Promise.all(calls)) {
    assertStringIncludes(error.message, "x.h5: the worker stopped: ");
    assertStringIncludes(error.message, "out of breath");
    assertEquals(error.message.split("\n").length, 1);
  }
  await assertRejects(() => client.call("quick"), DataError, "out of breath");
});

Deno.test("a worker that cannot be loaded fails its calls", async () => {
  const client = new WorkerClient(new URL("./no_such_worker.ts", import.meta.url), "x.h5");
  await assertRejects(() => client.call("quick"), DataError, "x.h5: the worker stopped");
});

Deno.test("close fails pending and later calls", async () => {
  const client = new WorkerClient(fragile, "x.h5");
  const call = client.call("never");
  client.close("x.h5: closed");
  await assertRejects(() => call, DataError, "x.h5: closed");
  await assertRejects(() => client.call("quick"), DataError, "x.h5: closed");
});
