/** Inception v3, compared with torchvision's. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../src/errors.ts";
import { Gpu } from "../../../src/gpu/device.ts";
import type { HostTensor } from "../../../src/io/host_tensor.ts";
import { writeSafetensors } from "../../../src/io/safetensors_file.ts";
import type { Pixels } from "../../../src/metrics/pictures.ts";
import { keyOf, randomUniform } from "../../../src/random.ts";
import { FeatureExtractor, inceptionInput } from "../../../src/trained/inception.ts";
import { readInception } from "../../../src/trained/inception_file.ts";
import { inTemporaryFolder } from "../../data/fixtures.ts";
import { type GoldenArray, goldenError, readIndex } from "../../golden/read.ts";
import { inceptionWeights } from "./weights.ts";

interface InceptionGolden {
  name: string;
  channels: 1 | 3;
  height: number;
  width: number;
  input: GoldenArray;
  features: GoldenArray;
}

const goldens = await readIndex<InceptionGolden>("inception", "pictures");

function makePicture({ name, channels, height, width }: InceptionGolden): Pixels {
  const key = keyOf(name);
  const data = Uint8ClampedArray.from(
    { length: channels * height * width },
    (_, index) => Math.floor(256 * randomUniform(key, index)),
  );
  return { channels, height, width, data };
}

for (const golden of goldens) {
  Deno.test(`a picture is resized like in PyTorch: ${golden.name}`, () => {
    const error = goldenError(golden.input, inceptionInput(makePicture(golden)));
    assert(error < 1e-5, `off by ${error}`);
  });
}

Deno.test("features equal torchvision's, read from a file with its keys, in any batch", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "inception.safetensors");
    await writeSafetensors(path, inceptionWeights());
    const gpu = await Gpu.open();
    const extractor = new FeatureExtractor(gpu, await readInception(path));
    const pictures = goldens.map(makePicture);
    const features = await extractor.features(pictures);
    for (const [index, golden] of goldens.entries()) {
      const error = goldenError(golden.features, features[index]!);
      assert(error < 1e-4, `${golden.name} is off by ${error}`);
    }
    assertEquals(await extractor.features([pictures[1]!]), [features[1]!]);
    extractor.close();
    assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
    gpu.close();
  });
});

Deno.test("weights of other models are refused by name", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "other.safetensors");
    const write = (tensors: [string, HostTensor][]) => writeSafetensors(path, new Map(tensors));
    await write([["x", { shape: [1], data: new Float32Array(1) }]]);
    await assertRejects(
      () => readInception(path),
      DataError,
      `${path}: cannot use: weights of another model: it has no Conv2d_1a_3x3.conv.weight`,
    );
    await write([["Conv2d_1a_3x3.conv.weight", { shape: [32, 3], data: new Float32Array(96) }]]);
    await assertRejects(() => readInception(path), DataError, "has shape [32,3], expected [32,3,3,3]");
  });
});
