/// <reference lib="deno.worker" />
/** Decodes what it is sent and says how that ended; see fuzz.ts. */
import { DataError } from "../../src/errors.ts";
import { decodeImage } from "../../src/images/decode.ts";
import type { FuzzAnswer } from "./fuzz.ts";

/** Small files: none of them has a reason to grow beyond this. */
const MOST_PIXELS = 2 ** 24;

self.onmessage = async ({ data }: MessageEvent<Uint8Array>) => {
  const start = performance.now();
  self.postMessage({ ...await outcome(data), milliseconds: performance.now() - start } satisfies FuzzAnswer);
};

async function outcome(bytes: Uint8Array): Promise<Omit<FuzzAnswer, "milliseconds">> {
  try {
    for (const { width, height, channels, pixels } of await decodeImage(bytes, { pixels: MOST_PIXELS })) {
      if (pixels.length !== width * height * channels) {
        return { outcome: "decoded", fault: "its size is wrong" };
      }
    }
    return { outcome: "decoded" };
  } catch (error) {
    const isRight = error instanceof DataError && /^[^\p{C}]+$/u.test(error.message);
    return { outcome: "refused", fault: isRight ? undefined : `${error}` };
  }
}
