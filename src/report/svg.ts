/** Pixels for one unit of the SVG. */
const SCALE = 2;

/**
 * Renders an SVG, its texts in DejaVu Sans whatever fonts the machine has, so that a picture looks the same everywhere.
 *
 * @returns a PNG file's bytes, two pixels a unit
 */
export async function svgToPng(svg: string): Promise<Uint8Array> {
  const { Resvg, fonts } = await (library ??= loadLibrary());
  const renderer = new Resvg(svg, {
    fitTo: { mode: "zoom", value: SCALE },
    font: { fontBuffers: fonts, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" },
  });
  const image = renderer.render();
  try {
    return image.asPng();
  } finally {
    image.free();
    renderer.free();
  }
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
