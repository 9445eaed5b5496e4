import { assertEquals } from "@std/assert";

Deno.test("coder.wasm was built from the sources in the tree", async () => {
  const folder = new URL("../../src/vqr/", import.meta.url);
  const names = [...Deno.readDirSync(new URL("assembly/", folder))]
    .map(({ name }) => name).filter((name) => name.endsWith(".ts")).sort();
  const files = [...names.map((name) => `assembly/${name}`), "coder.wasm"];
  const bytes = await new Blob(files.map((name) => Deno.readFileSync(new URL(name, folder)))).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  // If this fails, run scripts/build_coder.sh.
  assertEquals(hash, Deno.readTextFileSync(new URL("assembly/SHA256", folder)).trim());
});
