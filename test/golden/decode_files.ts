/**
 * Decodes image files for conformance.py: reads paths from standard input, one a line, writes `FOLDER/N.bin` with the
 * samples of the Nth as 16-bit numbers in little endian, and prints a line of JSON for each.
 *
 * `deno run -A --config deno.json test/golden/decode_files.ts FOLDER [MODULE]`; MODULE is another tree's decode.ts.
 */

const [folder, other] = Deno.args;
const { decodeImage } = await import(
  other ? new URL(other, `file://${Deno.cwd()}/`).href : import.meta.resolve("../../src/images/decode.ts")
);
const paths = (await new Response(Deno.stdin.readable).text()).split("\n").filter((path) => path !== "");
for (const [index, path] of paths.entries()) {
  const warnings: string[] = [];
  try {
    const images = await decodeImage(await Deno.readFile(path), { warn: (text: string) => warnings.push(text) });
    const [{ width, height, channels, largest }] = images;
    const size = width * height * channels;
    const samples = new Uint16Array(size * images.length);
    images.forEach(({ pixels }: { pixels: Uint8Array }, image: number) => samples.set(pixels, image * size));
    await Deno.writeFile(`${folder}/${index}.bin`, new Uint8Array(samples.buffer));
    console.log(JSON.stringify({ shape: [images.length, height, width, channels], largest, warnings }));
  } catch (error) {
    console.log(JSON.stringify({ error: (error as Error).message }));
  }
}
