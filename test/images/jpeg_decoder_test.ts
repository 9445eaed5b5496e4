import { assertEquals } from "@std/assert";
import { decodeImage } from "../../src/images/decode.ts";
import { decodeAnyJpeg } from "../../src/images/jpeg_decoder.ts";
import { readImageFile, refused } from "./files.ts";

const folder = new URL("../data_files/field_images/", import.meta.url);

Deno.test("our JPEG decoder gives the pixels of the library in WebAssembly", async () => {
  for (const kind of ["420", "444", "gray", "gray_progressive", "progressive"]) {
    const bytes = await readImageFile(`jpeg_${kind}.jpg`);
    const [image] = await decodeImage(bytes);
    const { samples, warnings } = decodeAnyJpeg(bytes);
    assertEquals(samples, image!.pixels);
    assertEquals(warnings, []);
  }
});

Deno.test("each fault of a JPEG file that does not matter is a warning", async () => {
  for await (const { name } of Deno.readDir(folder)) {
    if (!/^jpeg_warning_.*\.jpg$/.test(name)) continue;
    const warnings: string[] = [];
    await decodeImage(await Deno.readFile(new URL(name, folder)), { warn: (text) => warnings.push(text) });
    const isHarmless = /after_end|fill_bytes/.test(name);
    assertEquals(warnings.length, isHarmless ? 0 : 1, name);
  }
});

Deno.test("a JPEG file without its last bytes is refused, whatever its kind", async () => {
  for (
    const name of ["jpeg_arithmetic", "jpeg_cmyk_2x2", "jpeg_3x1_1x1_1x1_progressive", "jpeg_3x1_1x1_1x1"]
  ) {
    const bytes = await Deno.readFile(new URL(`${name}.jpg`, folder));
    assertEquals(await refused(bytes.slice(0, -30)), "it is cut short", name);
  }
});
