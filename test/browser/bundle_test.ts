/** The trained models as a page loads them: their size, and what must not be in them. */

import { assert, assertEquals, assertMatch } from "../../src/std/assert.ts";
import { bundle, load } from "./bundle.ts";

const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} KB`;

async function gzippedBytes(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return (await new Response(stream).arrayBuffer()).byteLength;
}

const plain = await bundle("trained_models.ts");
const minified = await bundle("trained_models.ts", true);

Deno.test("the bundle of the trained models stays small", async () => {
  for (
    const [name, code] of [["as written", plain], [
      "minified",
      minified,
    ]] as const
  ) {
    const gzipped = await gzippedBytes(code);
    console.log(
      `trained models ${name}: ${kilobytes(code.length)}, ${kilobytes(gzipped)} gzipped`,
    );
    assert(gzipped < 100 * 1024, `${name}: ${gzipped} bytes gzipped`);
  }
});

Deno.test("the bundle needs neither Deno nor Node.js", () => {
  for (
    const pattern of [
      /\bDeno\s*\./,
      /\bprocess\s*\.\s*(env|platform|argv)/,
      /["']node:/,
      /\brequire\(/,
    ]
  ) {
    assertEquals(pattern.exec(plain)?.[0], undefined);
  }
});

Deno.test("the bundle makes no code from strings, so that pages with a strict content policy can load it", () => {
  const found = [...plain.matchAll(/\bnew\s+Function\b|\beval\(/g)].map((
    [text],
  ) => text);
  assertEquals(found, []);
});

Deno.test("the bundle loads where there is no WebGPU, and says so when it is used", async () => {
  const names = Object.keys(globalThis).concat(
    Object.getOwnPropertyNames(globalThis),
  )
    .filter((name) => name.startsWith("GPU") || name === "navigator");
  const own = [...new Set(names)].map((name) =>
    [name, Object.getOwnPropertyDescriptor(globalThis, name)!] as const
  );
  for (const [name] of own) {
    delete (globalThis as Record<string, unknown>)[name];
  }
  try {
    Object.defineProperty(globalThis, "navigator", {
      configurable: true,
      value: { userAgent: "Mozilla/5.0", hardwareConcurrency: 2 },
    });
    const { Codec, Gpu } = await load(plain);
    assertEquals(typeof Codec, "function");
    const error = await Gpu.open().catch((error: Error) => error) as Error;
    assertEquals(error.name, "DataError");
    assertMatch(
      error.message,
      /^WebGPU is not available in this browser: try Chrome or Edge 113/,
    );
  } finally {
    for (const [name, descriptor] of own) {
      Object.defineProperty(globalThis, name, descriptor);
    }
  }
});
