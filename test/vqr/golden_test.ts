import { assertEquals } from "@std/assert";
import { openVqr } from "../../src/vqr/decode.ts";
import { encodeVqr } from "../../src/vqr/encode.ts";
import { goldenImages } from "./images.ts";

for (const [name, image, options] of goldenImages()) {
  Deno.test(`golden file ${name}`, async () => {
    const golden = Deno.readFileSync(new URL(`../golden/vqr/${name}.vqr`, import.meta.url));
    const { pixels } = await openVqr(golden).decode();
    if (!options.maxError) assertEquals(pixels, image.pixels);
    assertEquals(await encodeVqr(image, options), golden);
  });
}
