/** Configurations of VQ-VAE-2: which are refused, and the sizes that follow from them. */

import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../src/errors.ts";
import {
  checkConfiguration,
  defaultConfiguration,
  indexBitsPerPixel,
  totalStride,
  valuesPerIndex,
  type VqvaeConfiguration,
} from "../../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../../src/models/vqvae/model.ts";

const withChanges = (changes: Partial<VqvaeConfiguration>) => ({ ...defaultConfiguration, ...changes });

const refused: [Partial<VqvaeConfiguration>, string][] = [
  [{ n_embed: 0 }, "--n_embed 0: expected a whole number, at least 1"],
  [{ n_embed: 1.5 }, "--n_embed 1.5: expected a whole number, at least 1"],
  [{ embed_dim: 0 }, "--embed_dim 0: expected a whole number, at least 1"],
  [{ channel: -128 }, "--channel -128: expected a whole number, at least 1"],
  [{ in_channel: NaN }, "--in_channel NaN: expected a whole number, at least 1"],
  [{ n_res_channel: 0 }, "--n_res_channel 0: expected a whole number, at least 1"],
  [{ n_res_block: -1 }, "--n_res_block -1: expected a whole number, at least 0"],
  [{ first_stride: 3 }, "--first_stride 3: expected 2, 4, 8 or 16"],
  [{ first_stride: 1 }, "--first_stride 1: expected 2, 4, 8 or 16"],
  [{ second_stride: 32 }, "--second_stride 32: expected 2, 4, 8 or 16"],
  [{ channel: 127 }, "--channel 127: the strides 4 and 2 need a multiple of 2"],
  [{ channel: 12, first_stride: 16 }, "--channel 12: the strides 16 and 2 need a multiple of 8"],
  [{ channel: 12, second_stride: 16 }, "--channel 12: the strides 4 and 16 need a multiple of 8"],
  [{ embed_dim: 1, second_stride: 4 }, "--embed_dim 1: --second_stride 4 needs a multiple of 2"],
  [{ embed_dim: 12, second_stride: 16 }, "--embed_dim 12: --second_stride 16 needs a multiple of 8"],
  [{ decay: 1 }, "--decay 1: expected a number from 0 to below 1"],
  [{ decay: -0.1 }, "--decay -0.1: expected a number from 0 to below 1"],
  [{ decay: NaN }, "--decay NaN: expected a number from 0 to below 1"],
];

for (const [changes, message] of refused) {
  Deno.test(`refused: ${message}`, () => {
    assertThrows(() => checkConfiguration(withChanges(changes)), UsageError, message);
    assertThrows(() => new Vqvae(withChanges(changes)), UsageError, message);
  });
}

const accepted: Partial<VqvaeConfiguration>[] = [
  {},
  { embed_dim: 1 },
  { n_res_block: 0 },
  { n_embed: 1 },
  { decay: 0 },
  { in_channel: 1 },
  { channel: 8, first_stride: 16, second_stride: 16, embed_dim: 8 },
  { channel: 4, first_stride: 8, second_stride: 4, embed_dim: 2 },
];

for (const changes of accepted) {
  Deno.test(`accepted: ${JSON.stringify(changes)}`, () => checkConfiguration(withChanges(changes)));
}

Deno.test("input values for each code index are those of the original repository", () => {
  const rounded = (first_stride: number, second_stride: number) =>
    Number(valuesPerIndex(withChanges({ first_stride, second_stride })).toFixed(1));
  assertEquals([rounded(4, 2), rounded(8, 4), rounded(16, 4)], [38.4, 180.7, 722.8]);
});

Deno.test("an index of 512 codes takes nine bits", () => {
  const bits = (changes: Partial<VqvaeConfiguration>) => indexBitsPerPixel(withChanges(changes));
  assertAlmostEquals(bits({}), 0.703125);
  assertAlmostEquals(bits({ first_stride: 8, second_stride: 4 }), 0.1494140625);
  assertAlmostEquals(bits({ first_stride: 16, second_stride: 4 }), 0.037353515625);
  // The number of image channels does not change the number of indices.
  assertAlmostEquals(bits({ in_channel: 1 }), 0.703125);
  assertAlmostEquals(bits({ n_embed: 513 }), 0.78125);
  assertAlmostEquals(bits({ n_embed: 1 }), 0.078125);
});

Deno.test("image sides are multiples of both strides together", () => {
  assertEquals(totalStride(defaultConfiguration), 8);
  assertEquals(totalStride(withChanges({ first_stride: 16, second_stride: 4 })), 64);
});
