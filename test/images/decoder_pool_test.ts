import { assertEquals } from "@std/assert";
import { DecoderPool } from "../../src/images/decoder_pool.ts";
import type { DecodeRequest } from "../../src/create/image_worker.ts";

const frail = new URL("../workers/frail_worker.ts", import.meta.url);

Deno.test("a worker that dies costs its own image only", async () => {
  const pool = new DecoderPool(2, frail);
  // The frail worker takes words.
  const ask = (word: string) => pool.decode(word as unknown as DecodeRequest) as Promise<unknown>;
  const replies = await Promise.all(["a", "die", "slow", "die", "die", "b", "c"].map(ask));
  const dead = { unreadable: "decoding: its reader stopped: Uncaught Error: out of breath" };
  assertEquals(replies, ["a done", dead, "slow done", dead, dead, "b done", "c done"]);
  assertEquals(await ask("d"), "d done");
  pool.close();
});

Deno.test("a worker that never comes to an end is stopped, and costs its own image only", async () => {
  const pool = new DecoderPool(1, frail, 0.5);
  const ask = (word: string) => pool.decode(word as unknown as DecodeRequest) as Promise<unknown>;
  const replies = await Promise.all(["a", "spin", "b"].map(ask));
  assertEquals(replies, ["a done", { unreadable: "decoding takes longer than 0.5 seconds" }, "b done"]);
  pool.close();
});
