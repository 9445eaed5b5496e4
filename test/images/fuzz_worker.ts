/// <reference lib="deno.worker" />
/** Decodes the files that it receives and answers with the outcome; see fuzz.ts. */

import { DataError } from "../../src/errors.ts";
import { decodeImage } from "../../src/images/decode.ts";
import type { FuzzAnswer } from "./fuzz.ts";

/** The test files are small, so that no damaged copy needs more. */
const MAX_PIXELS = 2 ** 24;

self.onmessage = async ({ data }: MessageEvent<Uint8Array>) => {
  const start = performance.now();
  self.postMessage({ ...await outcome(data), milliseconds: performance.now() - start } satisfies FuzzAnswer);
};

async function outcome(bytes: Uint8Array): Promise<Omit<FuzzAnswer, "milliseconds">> {
  try {
    for (const { width, height, channels, pixels } of await decodeImage(bytes, { maxPixels: MAX_PIXELS })) {
      if (pixels.length !== width * height * channels) {
        return { outcome: "decoded", fault: "its size is wrong" };
      }
    }
    return { outcome: "decoded" };
  } catch (error) {
    const isProper = error instanceof DataError && /^[^\p{C}]+$/u.test(error.message);
    return { outcome: "refused", fault: isProper ? undefined : `${error}` };
  }
}
