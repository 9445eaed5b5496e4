/** Trained codecs, compared with PyTorch and with themselves. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../src/errors.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { HostTensor } from "../../src/io/host_tensor.ts";
import { writeSafetensors } from "../../src/io/safetensors_file.ts";
import { readWeights } from "../../src/io/weights_file.ts";
import { defaultConfiguration, type VqvaeConfiguration } from "../../src/models/vqvae/configuration.ts";
import { inferConfiguration } from "../../src/models/vqvae/infer.ts";
import { Vqvae } from "../../src/models/vqvae/model.ts";
import { saveWeights } from "../../src/trained/model_file.ts";
import { Codec } from "../../src/trained/codec.ts";
import { readCodec } from "../../src/trained/codec_file.ts";
import { codecOf } from "../../src/trained/codec_weights.ts";
import type { BatchSize } from "../../src/trained/image_batch.ts";
import type { Values } from "../../src/trained/network.ts";
import { weightsChecksum } from "../../src/trained/checksum.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";
import {
  goldenError,
  goldenPath,
  readImages,
  readLatentGoldens,
  readTrainingGoldens,
  trainingBatch,
  type TrainingGolden,
} from "../golden/read.ts";

const goldens = new Map((await readTrainingGoldens()).map((golden) => [golden.name, golden]));
const torchFile = (name: string) => goldenPath(`${name}.pt`).pathname;

/** Calls `run` with the codec and the first batch of a golden, on a GPU that nothing else uses. */
async function withCodec(
  golden: TrainingGolden,
  run: (codec: Codec, images: Values, size: BatchSize, gpu: Gpu) => Promise<void>,
  subgroups = true,
): Promise<void> {
  const { size: side } = await readImages(golden.images);
  const gpu = await Gpu.open({ subgroups });
  const codec = new Codec(gpu, await readCodec(torchFile(golden.name)));
  await run(codec, await trainingBatch(golden, 0), { count: golden.batch, height: side, width: side }, gpu);
  codec.close();
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();
}

for (const { name, latent, reconstruction } of await readLatentGoldens()) {
  const golden = goldens.get(name)!;
  Deno.test(`latents and reconstructions equal PyTorch's, read from a file without a configuration: ${name}`, async () => {
    await withCodec(golden, async (codec, images, size) => {
      assertEquals(codec.configuration, { ...defaultConfiguration, ...golden.configuration });
      const both = await codec.both(images, size);
      const latentError = goldenError(latent, both.latent);
      const imageError = goldenError(reconstruction, both.reconstruction);
      assert(latentError < 1e-4, `latents are off by ${latentError}`);
      assert(imageError < 1e-4, `reconstructions are off by ${imageError}`);
      assertEquals([golden.batch, ...codec.latentShape(size)], latent.shape);
    });
  });
}

for (const { name } of await readLatentGoldens()) {
  Deno.test(`codes equal PyTorch's, and code() returns the same reconstructions as reconstruct(): ${name}`, async () => {
    const golden = goldens.get(name)!;
    await withCodec(golden, async (codec, images, size) => {
      const coded = await codec.code(images, size);
      assertEquals(goldenError(golden.codes.t, coded.topCodes), 0);
      assertEquals(goldenError(golden.codes.b, coded.bottomCodes), 0);
      assertEquals(coded.reconstruction, await codec.reconstruct(images, size));
    });
  });
}

for (const subgroups of [true, false]) {
  const kernels = subgroups ? "" : ", kernels without subgroups";
  Deno.test(`an image's values depend neither on its batch nor on the other results of the pass${kernels}`, async () => {
    const golden = goldens.get("strides_4_2")!;
    await withCodec(golden, async (codec, images, size) => {
      const length = images.length / size.count;
      const whole = await codec.both(images, size);
      assertEquals(await codec.reconstruct(images, size), whole.reconstruction);
      assertEquals(await codec.latent(images, size), whole.latent);
      for (const count of [1, 3]) {
        for (let first = 0; first + count <= size.count; first += count) {
          const part = images.slice(first * length, (first + count) * length);
          const some = await codec.both(part, { ...size, count });
          for (const output of ["reconstruction", "latent"] as const) {
            const each = whole[output].length / size.count;
            assertEquals(some[output], whole[output].slice(first * each, (first + count) * each));
          }
        }
      }
    }, subgroups);
  });
}

Deno.test("applying a codec does not change it", async () => {
  await withCodec(goldens.get("strides_2_2")!, async (codec, images, size) => {
    const first = await codec.both(images, size);
    await codec.both(images.map((value) => 3 * value - 1), size);
    assertEquals(await codec.both(images, size), first);
  });
});

Deno.test("plans that use different parts of a codec share its weights in any order", async () => {
  await withCodec(goldens.get("strides_4_2")!, async (codec, images, size, gpu) => {
    await codec.latent(images, size);
    const reconstruction = await codec.reconstruct(images, size);
    const fresh = new Codec(gpu, await readCodec(torchFile("strides_4_2")));
    assertEquals(await fresh.reconstruct(images, size), reconstruction);
    fresh.close();
  });
});

Deno.test("the configuration is inferred from weights for every pair of strides, also without residual blocks", () => {
  for (const first_stride of [2, 4, 8, 16]) {
    for (const second_stride of [2, 4, 8, 16]) {
      for (const n_res_block of [0, 1, 3]) {
        const wanted: VqvaeConfiguration = {
          in_channel: 1,
          channel: 24,
          n_res_block,
          n_res_channel: n_res_block ? 5 : defaultConfiguration.n_res_channel,
          embed_dim: 8,
          n_embed: 17,
          first_stride,
          second_stride,
          decay: 0.99,
        };
        if (wanted.channel % (Math.max(first_stride, second_stride) / 2) !== 0) continue;
        const tensors = new Map(new Vqvae(wanted).set.all.map(({ key, tensor }) => [key, tensor]));
        assertEquals(inferConfiguration(tensors), wanted);
      }
    }
  }
});

Deno.test("vqray's checkpoints hold their configuration, and the checksum depends on the weights alone", async () => {
  await inTemporaryFolder(async (folder) => {
    const { configuration, weights } = await readCodec(torchFile("embed_dim_1"));
    const { tensors } = await readWeights(torchFile("embed_dim_1"));
    const own = join(folder, "own.safetensors");
    const given = { ...configuration, decay: 0.5 };
    await saveWeights(own, { kind: "vqvae", configuration: given }, tensors as never, {
      steps: 1,
      epochs: 1,
      batches: 0,
    });
    const saved = await readCodec(own);
    assertEquals(saved.configuration, given);
    assertEquals(await weightsChecksum(saved.weights), await weightsChecksum(weights));
    const changed = new Map(weights).set("quantize_t.embed", weights.get("quantize_t.embed")!.map((x) => -x));
    assert(await weightsChecksum(changed) !== await weightsChecksum(weights));
  });
});

Deno.test("files that are not a codec are refused by name", async () => {
  await inTemporaryFolder(async (folder) => {
    const { tensors } = await readWeights(torchFile("strides_4_2"));
    const refused = async (change: (copy: typeof tensors) => void, message: string) => {
      const path = join(folder, "changed.safetensors");
      const copy = new Map(tensors);
      change(copy);
      await writeSafetensors(path, copy);
      const error = await assertRejects(() => readCodec(path), DataError);
      assertEquals(error.message, `${path}: weights of another model: ${message}`);
    };
    await refused(
      (copy) => copy.clear(),
      "expected keys such as enc_b.blocks.0.weight, enc_b.blocks.0.bias; found no tensors",
    );
    await refused(
      (copy) => copy.delete("quantize_conv_t.weight"),
      `it has no quantize_conv_t.weight; ${tensors.size - 1} of its keys fit without a prefix`,
    );
    await refused(
      (copy) => copy.delete("dec.blocks.0.bias"),
      `1 of ${tensors.size} tensors are missing, such as dec.blocks.0.bias; ${
        tensors.size - 1
      } of its keys fit without a prefix`,
    );
    await refused(
      (copy) => copy.set("classifier.weight", copy.get("dec.blocks.0.bias")!),
      `1 of ${
        tensors.size + 1
      } tensors are unexpected, such as classifier.weight; ${tensors.size} of its keys fit without a prefix`,
    );
    await refused(
      (copy) => copy.set("quantize_t.embed", { shape: [4], data: new Float32Array(4) }),
      `quantize_t.embed has shape [4], expected 2 axes; ${tensors.size} of its keys fit without a prefix`,
    );
    await refused(
      (copy) => copy.set("quantize_b.embed", { shape: [8, 63], data: new Float32Array(8 * 63) }),
      `quantize_b.embed has shape [8,63], expected [8,64]; ${tensors.size} of its keys fit without a prefix`,
    );
    const classifier = join(folder, "classifier.safetensors");
    const position = { steps: 0, epochs: 0, batches: 0 };
    await saveWeights(classifier, { kind: "densenet", configuration: {} }, new Map(), position);
    const kind = await assertRejects(() => readCodec(classifier), DataError);
    assertEquals(kind.message, `${classifier}: holds weights of a densenet, expected a vqvae`);
    const empty = join(folder, "empty.safetensors");
    await saveWeights(empty, { kind: "vqvae", configuration: {} }, new Map(), position);
    const options = await assertRejects(() => readCodec(empty), DataError);
    assertEquals(
      options.message,
      `${empty}: --in_channel undefined: expected a whole number, at least 1`,
    );
  });
});

Deno.test("a codec's keys may have any prefix, and stand beside other tensors; notes say what was chosen", async () => {
  const { tensors } = await readWeights(torchFile("strides_2_2"));
  const plain = codecOf({ tensors, metadata: {} }, "plain.pt");
  assertEquals(plain.notes, []);
  const prefixed = (prefix: string) => new Map([...tensors].map(([key, tensor]) => [prefix + key, tensor]));
  for (const prefix of ["module.", "_orig_mod.", "module._orig_mod.", "model.", "net.vqvae."]) {
    assertEquals(codecOf({ tensors: prefixed(prefix), metadata: {} }, "plain.pt"), plain, prefix);
  }
  const inside = new Map(
    [...tensors].map(([key, tensor]) => [key.replace(".blocks.", ".module.blocks."), tensor]),
  );
  assertEquals(codecOf({ tensors: inside, metadata: {} }, "plain.pt"), plain);

  const beside = prefixed("model.").set("loss.weight", tensors.get("dec.blocks.0.bias")!);
  const { weights, notes } = codecOf({ tensors: beside, metadata: {} }, "x.pt");
  assertEquals([weights, notes], [plain.weights, [
    "x.pt: 1 tensor is left out, which no key with the prefix model. names, such as loss.weight",
  ]]);

  const state = (place: string, tensors: Map<string, HostTensor>) => ({
    place,
    tensors,
    unreadable: new Map(),
  });
  const states = [
    state("other", new Map([["a", tensors.get("dec.blocks.0.bias")!]])),
    state("net", tensors),
    state("ema", tensors),
  ];
  const several = codecOf({ tensors: states[0]!.tensors, metadata: {}, states }, "x.pt");
  assertEquals([several.weights, several.notes], [plain.weights, [
    'x.pt: several sets of weights fit: "net", "ema"; net is used',
  ]]);
});
