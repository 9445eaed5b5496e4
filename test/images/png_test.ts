import { assertEquals } from "@std/assert";
import { decodeImage } from "../../src/images/decode.ts";
import { readImageFile, refused } from "./files.ts";

/** Length of the chunk IEND. */
const END = 12;

Deno.test("a PNG file without its last chunk, or with a part of it, is decoded with a warning", async () => {
  for (const name of ["png_gray_8.png", "png_palette_8.png", "png_rgb_interlaced.png", "png_rgb_16.png"]) {
    const bytes = await readImageFile(name);
    const [whole] = await decodeImage(bytes);
    for (const missing of [1, 4, 8, END, END + 2, END + 4]) {
      const warnings: string[] = [];
      const [image] = await decodeImage(bytes.slice(0, -missing), { warn: (text) => warnings.push(text) });
      assertEquals(image, whole!);
      assertEquals(warnings, ["its end is missing; all rows are there"]);
    }
  }
});

Deno.test("a PNG file whose rows are incomplete is refused", async () => {
  const bytes = await readImageFile("png_gray_8.png");
  assertEquals(await refused(bytes.slice(0, -END - 200)), "it is cut short");
});
