/** A codec from PyTorch, images in colour and in grey for it, and options for its evaluation. */

import { join } from "node:path";
import { ImageFileWriter } from "../../src/data/write.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { keyOf, normalArray } from "../../src/random.ts";
import { Codec, type CodedImages } from "../../src/trained/codec.ts";
import type { EvaluateCodecOptions } from "../../src/apply/codec/evaluate.ts";
import { goldenPath } from "../golden/read.ts";
import { readCodec } from "../../src/trained/codec_file.ts";

/** Strides 4 and 2, two codebooks of 64 codes. */
export const codecFile = goldenPath("strides_4_2.pt").pathname;
/** 500 grey images of 32 × 32, uint8. */
export const grayFile = new URL("../../data/fashion_valid_32_orig.hdf5", import.meta.url).pathname;

export const [count, side] = [7, 24];
export const length = 3 * side * side;

/** Normalised images [7, 3, 24, 24]: noise in blocks of 3 × 3 pixels. */
export const images: Float32Array<ArrayBuffer> = (() => {
  const coarse = normalArray(keyOf("coarse"), count * 3 * 64);
  return Float32Array.from({ length: count * length }, (_, index) => {
    const [plane, y, x] = [Math.floor(index / side ** 2), Math.floor(index / side) % side, index % side];
    return coarse[plane * 64 + Math.floor(y / 3) * 8 + Math.floor(x / 3)]!;
  });
})();

/** Writes the images to a file, as float32 in colour. */
export async function writeColorFile(folder: string, name = "toy_valid_24_all.hdf5"): Promise<string> {
  const path = join(folder, name);
  const writer = await ImageFileWriter.create(path, { shape: [3, side, side], labelCount: 0 });
  writer.append(images);
  await writer.finish();
  return path;
}

/** Codes and reconstructions of square images, from the codec alone. */
export async function code(values: Float32Array<ArrayBuffer>, size: number): Promise<CodedImages> {
  const gpu = await Gpu.open();
  const codec = new Codec(gpu, await readCodec(codecFile));
  const coded = await codec.code(values, {
    count: values.length / (3 * size * size),
    height: size,
    width: size,
  });
  codec.close();
  gpu.close();
  return coded;
}

/** Options to evaluate a file, with some changes. */
export function options(
  path: string,
  changes: Partial<EvaluateCodecOptions> = {},
): EvaluateCodecOptions {
  return {
    model: codecFile,
    data_paths: [path],
    datasets: ["toy"],
    views: ["all"],
    batch_size: 3,
    seed: 816,
    manipulations: [],
    ...changes,
  };
}
