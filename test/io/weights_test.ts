/** Weights in all formats: detection, normalisation of keys, and errors. */

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { memorySource } from "../../src/io/byte_source.ts";
import type { HostTensor } from "../../src/io/host_tensor.ts";
import { writeSafetensors } from "../../src/io/safetensors_file.ts";
import { decodeWeights, decodeWeightsHeader, normalizeDenseNetKeys } from "../../src/io/weights.ts";
import { readWeights } from "../../src/io/weights_file.ts";
import { described, expected, folder } from "./described.ts";

const directory = Deno.makeTempDirSync();
addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));

const one: HostTensor = { shape: [1], data: Float32Array.of(1) };

Deno.test("readWeights: detects the format by the content, not by the name; bytes in memory give the same", async () => {
  const kinds = {
    "model_zip.pt": "torch-zip",
    "model_legacy.pt": "torch-legacy",
    "types.safetensors": "safetensors",
  };
  for (const [name, format] of Object.entries(kinds)) {
    await Deno.copyFile(folder + name, `${directory}/weights.txt`);
    const weights = await readWeights(`${directory}/weights.txt`);
    assertEquals(weights.format, format);
    const source = memorySource(await Deno.readFile(folder + name));
    assertEquals(decodeWeights(source), weights);
    const header = { keys: new Set(weights.tensors.keys()), metadata: weights.metadata };
    assertEquals(decodeWeightsHeader(source), header);
    const { value, tensors } = expected[name]!;
    const all = tensors ?? Object.fromEntries((value as { dict: [string, unknown][] }).dict);
    assertEquals(weights.tensors.size, Object.keys(all).length);
    for (const [key, tensor] of weights.tensors) assertEquals(described(tensor), all[key], key);
  }
  assertEquals((await readWeights(`${folder}types.safetensors`)).metadata.format, "pt");
});

Deno.test("readWeights: reads both formats of every pickle protocol", async () => {
  const formats = { zip: "torch-zip", legacy: "torch-legacy" } as const;
  for (const [suffix, format] of Object.entries(formats)) {
    for (const protocol of [1, 3, 4, 5]) {
      const path = `${folder}protocol${protocol}_${suffix}.pt`;
      const error = await assertRejects(() => readWeights(path), DataError);
      assertStringIncludes(error.message, "there is no state dict in it: its keys are a");
    }
    assertEquals((await readWeights(`${folder}tiny_${suffix}.pt`)).format, format);
  }
});

Deno.test("readWeights: removes the prefix module. only if all keys have it", async () => {
  assertEquals([...(await readWeights(`${folder}checkpoint_zip.pt`)).tensors.keys()], ["weight", "bias"]);
  const path = `${directory}/some.safetensors`;
  await writeSafetensors(path, new Map([["module.a", one], ["b", one]]), {});
  assertEquals([...(await readWeights(path)).tensors.keys()], ["b", "module.a"]);
  await writeSafetensors(path, new Map([["module.a", one], ["module.b", one]]), {});
  assertEquals([...(await readWeights(path)).tensors.keys()], ["a", "b"]);
  assertEquals([...decodeWeightsHeader(memorySource(await Deno.readFile(path))).keys], ["a", "b"]);
});

Deno.test("readWeights: renames DenseNet's layers from the older spelling", async () => {
  const layer = "features.denseblock1.denselayer1.";
  assertEquals([...(await readWeights(`${folder}densenet_old.pth`)).tensors.keys()], [
    `${layer}norm1.weight`,
    `${layer}norm1.running_mean`,
    `${layer}norm1.num_batches_tracked`,
    `${layer}conv1.weight`,
    `${layer}norm2.bias`,
    `${layer}conv2.weight`,
    "features.norm0.weight",
  ]);
});

Deno.test("normalizeDenseNetKeys: leaves other keys alone, and refuses a key that exists in both spellings", () => {
  const keys = [
    "denselayer12.relu.2.x",
    "features.norm.1.weight",
    "enc_b.blocks.4.conv.1.weight",
    "a.denselayer1.norm.3.b",
  ];
  assertEquals([...normalizeDenseNetKeys(new Map(keys.map((key) => [key, one]))).keys()], [
    "denselayer12.relu2.x",
    ...keys.slice(1),
  ]);
  const both = new Map([["denselayer1.norm.1.weight", one], ["denselayer1.norm1.weight", one]]);
  assertThrows(() => normalizeDenseNetKeys(both), DataError, "two spellings");
});

const wrong: Record<string, [content: Uint8Array | undefined, words: string]> = {
  "a missing file": [undefined, "no such file or folder"],
  "an empty file": [new Uint8Array(), "the file is empty"],
  "text": [
    new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n"),
    'begins with "version https://"',
  ],
  "a byte": [Uint8Array.of(0), "it is neither a safetensors file nor a file written by torch.save"],
  "a ZIP archive of something else": [
    Uint8Array.of(0x50, 0x4b, 3, 4, ...new Uint8Array(26), 0x50, 0x4b, 5, 6, ...new Uint8Array(18)),
    "not one written by torch.save",
  ],
};

for (const [what, [content, words]] of Object.entries(wrong)) {
  Deno.test(`readWeights: refuses ${what}`, async () => {
    const path = `${directory}/wrong.pt`;
    await Deno.remove(path).catch(() => {});
    if (content) await Deno.writeFile(path, content);
    const error = await assertRejects(() => readWeights(path), DataError, `${path}: cannot read: `);
    assertStringIncludes(error.message, words);
  });
}

Deno.test("readWeights: refuses a folder, a device and a path through a file", async () => {
  const refusals = {
    [directory]: "it is a folder",
    "/dev/null": "not a regular file",
    [`${folder}tiny_zip.pt/a`]: "is a file",
  };
  for (const [path, words] of Object.entries(refusals)) {
    const error = await assertRejects(() => readWeights(path), DataError, `${path}: cannot read: `);
    assertStringIncludes(error.message, words);
  }
});
