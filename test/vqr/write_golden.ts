/**
 * Writes the golden files: small images of all kinds, as the coder of version 1 encodes them. Run once, by hand:
 *
 *     deno run --allow-read --allow-write --config deno.json test/vqr/write_golden.ts FOLDER
 */

import { encodeVqr } from "../../src/vqr/encode.ts";
import { goldenImages } from "./images.ts";

for (const [name, image, options] of goldenImages()) {
  Deno.writeFileSync(`${Deno.args[0]}/${name}.vqr`, await encodeVqr(image, options));
}
