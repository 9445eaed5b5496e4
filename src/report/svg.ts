import { encode } from "fast-png";

/** Pixels for one unit of the SVG. */
const SCALE = 2;

/**
 * Renders an SVG, its texts in DejaVu Sans whatever fonts the machine has, so that a picture looks the same everywhere.
 *
 * @returns a PNG file's bytes: red, green and blue on white, two pixels a unit
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

/** Leaves out the fourth channel of each pixel: on a background, nothing shines through. */
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

/** A file of a package, which lies in Deno's cache. */
async function readAsset(address: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(new URL(address));
}
