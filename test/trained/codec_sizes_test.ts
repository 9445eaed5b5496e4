/** Codecs on images of any size: padding, cropping, codes and back. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { keyOf, normalArray } from "../../src/random.ts";
import { Codec } from "../../src/trained/codec.ts";
import { readCodec } from "../../src/trained/codec_file.ts";
import { type BatchSize, cropImages, paddedSize, padImages } from "../../src/trained/image_batch.ts";
import type { Values } from "../../src/trained/network.ts";
import { codecFile } from "./codec_fixture.ts";
import { uploadedBytes } from "./uploaded_bytes.ts";

/** The total stride of the codec. */
const stride = 8;

function noise({ count, height, width }: BatchSize): Values {
  return normalArray(keyOf(`${height} by ${width}`), count * 3 * height * width);
}

const sizes: BatchSize[] = [
  { count: 1, height: 1, width: 1 },
  { count: 3, height: 8, width: 8 },
  { count: 2, height: 31, width: 33 },
  { count: 2, height: 33, width: 1 },
  { count: 1, height: 64, width: 64 },
  { count: 2, height: 24, width: 40 },
];

for (const subgroups of [true, false]) {
  const kernels = subgroups ? "" : ", kernels without subgroups";
  Deno.test(`decoded codes equal reconstructions bit for bit at every size${kernels}`, async () => {
    const gpu = await Gpu.open({ subgroups });
    const saved = await readCodec(codecFile);
    const codec = new Codec(gpu, saved);
    for (const size of sizes) {
      const images = noise(size);
      const codes = await codec.encode(images, size);
      const { count, height, width } = paddedAs(size);
      assertEquals(codes.topCodes.length, count * height * width / 64);
      assertEquals(codes.bottomCodes.length, count * height * width / 16);
      const reconstruction = await codec.reconstruct(images, size);
      assertEquals(reconstruction.length, images.length);
      assertEquals(await codec.decode(codes), reconstruction);
      assertEquals(await codec.code(images, size), { ...codes, reconstruction });
    }
    codec.close();
    assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
    gpu.close();
  });
}

function paddedAs(size: BatchSize): BatchSize {
  return { count: size.count, ...paddedSize(size, stride) };
}

Deno.test("an image whose sides do not fit is coded like the same image padded by hand", async () => {
  const gpu = await Gpu.open();
  const codec = new Codec(gpu, await readCodec(codecFile));
  const size = { count: 2, height: 13, width: 22 };
  const whole = { count: 2, height: 16, width: 24 };
  const images = noise(size);
  const padded = Float32Array.from({ length: 2 * 3 * 16 * 24 }, (_, index) => {
    const [plane, y, x] = [Math.floor(index / 384), Math.floor(index / 24) % 16, index % 24];
    return images[(plane * 13 + Math.min(y, 12)) * 22 + Math.min(x, 21)]!;
  });
  const { latent, reconstruction } = await codec.both(images, size);
  const expected = await codec.both(padded, whole);
  assertEquals(latent, expected.latent);
  assertEquals(codec.latentShape(size), codec.latentShape(whole));
  const cropped = Float32Array.from({ length: images.length }, (_, index) => {
    const [plane, y, x] = [Math.floor(index / 286), Math.floor(index / 22) % 13, index % 22];
    return expected.reconstruction[(plane * 16 + y) * 24 + x]!;
  });
  assertEquals(reconstruction, cropped);
  codec.close();
  gpu.close();
});

Deno.test("images whose sides fit are not copied, and cropping undoes padding", () => {
  const [from, to] = [{ height: 5, width: 3 }, { height: 8, width: 8 }];
  const images = normalArray(keyOf("pad"), 4 * 15);
  assert(padImages(images, from, from) === images && cropImages(images, from, from) === images);
  assertEquals(cropImages(padImages(images, from, to), to, from), images);
});

Deno.test("weights are uploaded once for all sizes", async () => {
  const gpu = await Gpu.open();
  const saved = await readCodec(codecFile);
  const codec = new Codec(gpu, saved);
  const written = uploadedBytes(gpu);
  const first = { count: 1, height: 16, width: 16 };
  await codec.reconstruct(noise(first), first);
  assert(written() > 4 * saved.weights.get("dec.blocks.0.weight")!.length);
  for (const side of [8, 24, 32]) {
    const size = { count: 1, height: side, width: side };
    const before = written();
    await codec.reconstruct(noise(size), size);
    // At most the images, and 256 bytes of kernel parameters for each of fewer than 64 dispatches.
    assert(written() - before < 4 * 3 * side * side + 64 * 256, `${side}: ${written() - before}`);
  }
  codec.close();
  gpu.close();
});

Deno.test("codes outside a codebook and wrong numbers of values are refused by name", async () => {
  const gpu = await Gpu.open();
  const codec = new Codec(gpu, await readCodec(codecFile));
  const size = { count: 2, height: 20, width: 9 };
  const codes = await codec.encode(noise(size), size);
  const refused = async (
    work: () => Promise<unknown>,
    kind: typeof DataError | typeof RangeError,
    text: string,
  ) => {
    const { message } = await assertRejects(work, kind);
    assertEquals(message, text);
  };
  // Padded to 24 by 16, each image has 3 by 2 top codes and 6 by 4 bottom codes.
  const topCodes = codes.topCodes.slice();
  topCodes[6 + 3] = 64;
  await refused(
    () => codec.decode({ ...codes, topCodes }),
    DataError,
    "top code 64 of image 1 at row 1, column 1 (counted from 0): the codebook has 64 codes, expected 0 to 63",
  );
  const bottomCodes = codes.bottomCodes.slice();
  bottomCodes[23] = 2 ** 32 - 1;
  await refused(
    () => codec.decode({ ...codes, bottomCodes }),
    DataError,
    "bottom code 4294967295 of image 0 at row 5, column 3 (counted from 0): the codebook has 64 codes, expected 0 to 63",
  );
  await refused(
    () => codec.decode({ ...codes, width: 17 }),
    RangeError,
    "12 top codes for 2 images of 20 by 17: expected 18",
  );
  await refused(
    () => codec.reconstruct(noise(size), { ...size, width: 10 }),
    RangeError,
    "1080 values for images [2, 3, 20, 10]: expected 1200",
  );
  for (const side of [0, 1.5, NaN]) {
    await refused(
      () => codec.reconstruct(noise(size), { ...size, width: side }),
      RangeError,
      `2 images of 20 by ${side}: expected whole numbers, at least 1`,
    );
  }
  // The codec can still be used.
  assertEquals(await codec.decode(codes), await codec.reconstruct(noise(size), size));
  codec.close();
  gpu.close();
});
