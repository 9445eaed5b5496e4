/** Encodes and decodes the raw images of a listing, for `exact_codecs.py`: bytes and processor seconds as JSON. */

import process from "node:process";
import { openVqr } from "../src/vqr/decode.ts";
import { encodeVqr } from "../src/vqr/encode.ts";

interface Listed {
  width: number;
  height: number;
  bits: number;
  path: string;
}

/** The processor seconds that a promise takes, with its value. */
async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return [value, (user + system) / 1e6];
}

const listed: Listed[] = JSON.parse(await Deno.readTextFile(Deno.args[0]!));
const results = [];
for (const { width, height, bits, path } of listed) {
  const bytes = await Deno.readFile(path);
  const pixels = bits > 8 ? new Uint16Array(bytes.buffer) : bytes;
  const image = { width, height, channels: 1, bits, signed: false, frames: 1, pixels };
  const result: Record<string, [number, number, number][]> = {};
  for (const effort of ["fast", "best"] as const) {
    result[effort] = [];
    for (const maxError of [0, 1, 2, 3]) {
      const [file, encoding] = await timed(() => encodeVqr(image, { effort, maxError }));
      const [decoded, decoding] = await timed(() => openVqr(file).decode());
      if (decoded.pixels.some((value, i) => Math.abs(value - pixels[i]!) > maxError)) throw new Error(path);
      result[effort].push([file.length, encoding, decoding]);
    }
  }
  results.push(result);
}
console.log(JSON.stringify(results));
