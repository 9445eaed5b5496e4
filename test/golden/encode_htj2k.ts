/**
 * Encodes raw samples as high-throughput JPEG 2000 by OpenJPH, without loss:
 * `deno run -A --config deno.json test/golden/encode_htj2k.ts RAW WIDTH HEIGHT COMPONENTS BITS SIGNED OUT`
 */

const [raw, width, height, componentCount, bitsPerSample, isSigned, out] = Deno.args as [string, ...string[]];
const module = await import("@cornerstonejs/codec-openjph/wasmjs");
const wasmBinary = await Deno.readFile(new URL(import.meta.resolve("@cornerstonejs/codec-openjph/wasm")));
// deno-lint-ignore no-explicit-any
const library = await (module as any).default({ wasmBinary });
const encoder = new library.HTJ2KEncoder();
const samples = await Deno.readFile(raw);
encoder.getDecodedBuffer({
  width: Number(width),
  height: Number(height),
  bitsPerSample: Number(bitsPerSample),
  componentCount: Number(componentCount),
  isSigned: isSigned === "1",
  isUsingColorTransform: componentCount === "3",
}).set(samples);
encoder.encode();
await Deno.writeFile(out!, encoder.getEncodedBuffer().slice());
