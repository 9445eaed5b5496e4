/** Decodes compressed images with codecs in WebAssembly. */

import { DataError } from "../errors.ts";

/** The interface that all codecs share. */
export interface Decoder {
  getEncodedBuffer(size: number): Uint8Array;
  decode(): void;
  getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
  /** A view of the library's memory. */
  getDecodedBuffer(): Uint8Array;
  /** JPEG-LS only: 0 if each component is decoded into its own plane. */
  getInterleaveMode?(): number;
  delete(): void;
}

type Library = Record<string, new () => Decoder>;
type Factory = (settings: Record<string, unknown>) => Promise<Library>;

/** For each decoder class, its library's JavaScript and WebAssembly. */
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
  HTJ2KDecoder: {
    load: () => import("@cornerstonejs/codec-openjph/wasmjs"),
    wasm: () => import.meta.resolve("@cornerstonejs/codec-openjph/wasm"),
  },
};

/** Loaded libraries. A library that fails is removed. */
const loaded = new Map<string, Promise<Library>>();

/** The size that the header states. The decoded image must have it. */
export interface Expected {
  width: number;
  height: number;
  components: number;
}

/**
 * Decodes an image with a library in WebAssembly, so that a malicious file cannot reach other memory.
 *
 * A library that fails may leave its memory in any state, so it is loaded anew for the next image.
 *
 * @returns the samples' bytes in host order, 1 byte per sample up to 8 `bits`, otherwise 2; the components of a pixel
 * are adjacent, unless `planar`
 * @throws {DataError} if the image is damaged or does not have the expected size
 */
export async function decodeInWebAssembly(
  name: keyof typeof sources,
  bytes: Uint8Array,
  expected: Expected,
): Promise<{ data: Uint8Array<ArrayBuffer>; bits: number; planar: boolean }> {
  let loading: Promise<Library>;
  let library: Library;
  do { // Again if another image made the library fail while this one waited for it.
    loading = loaded.get(name) ?? load(name);
    loaded.set(name, loading);
    library = await loading;
  } while (loaded.get(name) !== loading);
  try {
    return decode(new library[name]!(), bytes, expected);
  } catch (error) {
    loaded.delete(name);
    if (error instanceof DataError) throw error;
    throw new DataError("it is damaged: its compressed image cannot be decoded");
  }
}

function load(name: keyof typeof sources): Promise<Library> {
  return loadFactory(sources[name].load, sources[name].wasm);
}

/** Starts a library from its JavaScript, whose default export is its factory, and its WebAssembly. */
export async function loadFactory(load: () => Promise<unknown>, wasm: () => string): Promise<Library> {
  const [module, wasmBinary] = await Promise.all([load(), Deno.readFile(new URL(wasm()))]);
  const factory = (module as { default: Factory }).default;
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
    throw new DataError("it is damaged: its compressed image does not have the size that its header states");
  }
  // Copied, since the library uses the view's memory again.
  const copy = new Uint8Array(size);
  copy.set(data);
  const planar = decoder.getInterleaveMode?.() === 0;
  decoder.delete();
  return { data: copy, bits, planar };
}
