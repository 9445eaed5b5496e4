import { DataError } from "../errors.ts";

/** What the codecs in WebAssembly have in common: bytes in, decode, samples out. */
export interface Decoder {
  getEncodedBuffer(size: number): Uint8Array;
  decode(): void;
  getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
  /** A view of the library's memory. */
  getDecodedBuffer(): Uint8Array;
  /** Of JPEG-LS: 0 where each component is decoded into a plane of its own. */
  getInterleaveMode?(): number;
  delete(): void;
}

type Library = Record<string, new () => Decoder>;
type Factory = (settings: Record<string, unknown>) => Promise<Library>;

/** The codecs, by the class that decodes: where their code and their WebAssembly lie. */
const sources = {
  JPEGDecoder: {
    load: () => import("@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs"),
    wasm: () => import.meta.resolve("@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm"),
  },
  JpegLSDecoder: {
    load: () => import("@cornerstonejs/codec-charls/decodewasmjs"),
    wasm: () => import.meta.resolve("@cornerstonejs/codec-charls/decodewasm"),
  },
  J2KDecoder: {
    load: () => import("@cornerstonejs/codec-openjpeg/decodewasmjs"),
    wasm: () => import.meta.resolve("@cornerstonejs/codec-openjpeg/decodewasm"),
  },
};

/** Libraries that are loaded, until one fails. */
const loaded = new Map<string, Promise<Library>>();

/** What a picture must turn out to be, as its header says and as memory was planned for. */
export interface Expected {
  width: number;
  height: number;
  components: number;
}

/**
 * Decodes a picture with a library in WebAssembly, whose memory nothing in the picture can leave.
 *
 * A library that gave up may have left its memory in any state, so that the next picture gets a new one.
 *
 * @returns the samples' bytes, 1 or 2 a sample by `bits`, in host order; the components of a pixel lie side by
 * side, unless `planar`
 * @throws DataError where the picture is damaged or is not what was expected
 */
export async function decodeInWebAssembly(
  name: keyof typeof sources,
  bytes: Uint8Array,
  expected: Expected,
): Promise<{ data: Uint8Array<ArrayBuffer>; bits: number; planar: boolean }> {
  let loading: Promise<Library>;
  let library: Library;
  do { // Once more if another picture made the library fail while this one waited for it.
    loading = loaded.get(name) ?? load(name);
    loaded.set(name, loading);
    library = await loading;
  } while (loaded.get(name) !== loading);
  try {
    return decode(new library[name]!(), bytes, expected);
  } catch (error) {
    loaded.delete(name);
    if (error instanceof DataError) throw error;
    throw new DataError("it is damaged: its compressed picture cannot be decoded");
  }
}

async function load(name: keyof typeof sources): Promise<Library> {
  const { load, wasm } = sources[name];
  const [module, wasmBinary] = await Promise.all([load(), Deno.readFile(new URL(wasm()))]);
  const factory = (module as unknown as { default: Factory }).default;
  const silent = () => {};
  return await factory({ wasmBinary, print: silent, printErr: silent });
}

function decode(decoder: Decoder, bytes: Uint8Array, expected: Expected) {
  decoder.getEncodedBuffer(bytes.length).set(bytes);
  decoder.decode();
  const { width, height, componentCount, bitsPerSample: bits } = decoder.getFrameInfo();
  const size = width * height * componentCount * (bits > 8 ? 2 : 1);
  const data = decoder.getDecodedBuffer();
  const agrees = width === expected.width && height === expected.height &&
    componentCount === expected.components && data.length === size;
  if (!agrees) {
    throw new DataError("it is damaged: its compressed picture has another size than its header says");
  }
  // Copied: the view's memory belongs to the library and is used again.
  const copy = new Uint8Array(size);
  copy.set(data);
  const planar = decoder.getInterleaveMode?.() === 0;
  decoder.delete();
  return { data: copy, bits, planar };
}
