/** SVG drawings as PNG files. */

import { encode } from "fast-png";

/** Pixels per unit of the SVG. */
const SCALE = 2;

/**
 * Renders an SVG. Texts are in DejaVu Sans regardless of the fonts on the machine, so that a picture looks the same
 * everywhere.
 *
 * @returns the bytes of a PNG file: RGB on a white background, two pixels per unit
 */
export async function svgToPng(svg: string): Promise<Uint8Array> {
  const { Resvg, fonts } = await (library ??= loadLibrary());
  const renderer = new Resvg(svg, {
    background: "white",
    fitTo: { mode: "zoom", value: SCALE },
    font: { fontBuffers: fonts, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" },
  });
  const image = renderer.render();
  try {
    return encode({ width: image.width, height: image.height, data: opaque(image.pixels), channels: 3 });
  } finally {
    image.free();
    renderer.free();
  }
}

/** Drops the alpha channel, which is fully opaque because of the white background. */
function opaque(pixels: Uint8Array): Uint8Array {
  const colors = new Uint8Array(pixels.length / 4 * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    colors[to] = pixels[from]!;
    colors[to + 1] = pixels[from + 1]!;
    colors[to + 2] = pixels[from + 2]!;
  }
  return colors;
}

let library: ReturnType<typeof loadLibrary> | undefined;

async function loadLibrary() {
  const [{ initWasm, Resvg }, wasm, ...fonts] = await Promise.all([
    import("@resvg/resvg-wasm"),
    readAsset(import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm")),
    readAsset(import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf")),
    readAsset(import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf")),
  ]);
  await initWasm(wasm);
  return { Resvg, fonts };
}

/** The content of a file that belongs to an npm package, from Deno's cache. */
async function readAsset(address: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(new URL(address));
}
