/**
 * Damages each file of test/data_files/images in many ways and decodes it, in a worker with a time limit. Run it by
 * hand with `deno run -A test/images/fuzz.ts ROUNDS [FILE…]`; decode_hostile_test.ts runs a few rounds.
 */

import { crc32 } from "node:zlib";
import { keyOf, randomBits } from "../../src/random.ts";
import { imageFiles, readImageFile } from "./files.ts";

/** The outcome for a file's damaged copies. */
export interface FuzzResult {
  decoded: number;
  refused: number;
  /** The longest time for one copy, in milliseconds. */
  slowest: number;
}

/** The worker's answer for one copy. */
export interface FuzzAnswer {
  outcome: "decoded" | "refused";
  milliseconds: number;
  /** What went wrong, if the file was neither decoded nor refused properly. */
  fault?: string;
}

/** Time limit for one copy in milliseconds, many times what any needs. */
const TIME_LIMIT = 20_000;

/** A copy of a file with some bytes changed, often near the start, where headers are, or with its end missing. */
export function damage(bytes: Uint8Array<ArrayBuffer>, name: string, round: number): Uint8Array<ArrayBuffer> {
  const key = keyOf(`${name}.${round}`);
  let counter = 0;
  const below = (count: number) => randomBits(key, counter++) % count;
  if (round % 8 === 7) return bytes.slice(0, below(bytes.length));
  const copy = bytes.slice();
  const reach = round % 2 === 0 ? bytes.length : Math.min(bytes.length, 1500);
  for (let changes = 1 + below(6); changes > 0; changes--) {
    const at = below(reach);
    copy[at] = [0, 0xff, copy[at]! ^ 1 << below(8), below(256)][below(4)]!;
  }
  if (name.endsWith(".png") && round % 4 < 2) repairChecksums(copy);
  return copy;
}

/** Corrects the checksums of a damaged PNG file, since otherwise decoding stops there. */
function repairChecksums(bytes: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(bytes.buffer);
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) return;
    view.setUint32(end, crc32(bytes.subarray(at + 4, end)));
    at = end + 4;
  }
}

/**
 * Decodes `rounds` damaged copies.
 *
 * @throws {Error} if decoding fails with anything but a DataError of one line, or exceeds the time limit
 */
export async function fuzz(name: string, rounds: number): Promise<FuzzResult> {
  const bytes = await readImageFile(name);
  const worker = new Worker(import.meta.resolve("./fuzz_worker.ts"), { type: "module" });
  const result = { decoded: 0, refused: 0, slowest: 0 };
  try {
    for (let round = 0; round < rounds; round++) {
      const answer = await ask(worker, damage(bytes, name, round), `${name}, round ${round}`);
      if (answer.fault) throw new Error(`${name}, round ${round}: ${answer.fault}`);
      result[answer.outcome]++;
      result.slowest = Math.max(result.slowest, answer.milliseconds);
    }
  } finally {
    worker.terminate();
  }
  return result;
}

function ask(worker: Worker, bytes: Uint8Array, what: string): Promise<FuzzAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: no end after ${TIME_LIMIT} ms`)), TIME_LIMIT);
    worker.onmessage = ({ data }) => {
      clearTimeout(timer);
      resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      clearTimeout(timer);
      reject(new Error(`${what}: the worker died: ${event.message}`));
    };
    worker.postMessage(bytes);
  });
}

if (import.meta.main) {
  const [rounds, ...files] = Deno.args;
  for (const name of files.length ? files : imageFiles()) {
    const { decoded, refused, slowest } = await fuzz(name, Number(rounds));
    console.log(`${name}: ${decoded} decoded, ${refused} refused, ${slowest.toFixed(0)} ms at most`);
  }
}
