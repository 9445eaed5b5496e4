/**
 * Moves codebooks to k-means centres of the encoders' outputs for the first batches, by Lloyd's algorithm. Empty
 * clusters move to random samples. Each round is a codebook update with decay 0, which keeps nothing of the codes
 * before.
 */

import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import { Executor } from "../gpu/executor.ts";
import type { Memory } from "../gpu/memory.ts";
import type { Quantizer } from "../models/vqvae/quantizer.ts";
import { codeStatistics, nearestCode } from "../ops/codebook.ts";
import { channelsLast } from "../ops/channels.ts";
import { type Codebook, emaUpdate, restartCodes } from "../ops/updates.ts";
import { variable } from "../ops/variable.ts";
import { plan } from "../plan/plan.ts";
import { joinKeys, permutation } from "../random.ts";

const rounds = 12;

/** Samples per code; more of them hardly improve the centres. */
export const samplesPerCode = 32;

/**
 * Chooses `count` random positions of `inputs`, which have the shape [B, D, h, w] each, as columns [D, count]; all
 * positions if there are fewer.
 */
export function choosePositions(
  inputs: readonly Float32Array[],
  shape: readonly number[],
  count: number,
  key: number,
): Float32Array<ArrayBuffer> {
  const [images, dim, height, width] = shape as [number, number, number, number];
  const pixels = height * width;
  const order = permutation(key, inputs.length * images * pixels).slice(0, count);
  const samples = new Float32Array(dim * order.length);
  order.forEach((position, column) => {
    const batch = Math.floor(position / (images * pixels));
    const image = Math.floor(position / pixels) % images;
    for (let d = 0; d < dim; d++) {
      samples[d * order.length + column] = inputs[batch]![(image * dim + d) * pixels + position % pixels]!;
    }
  });
  return samples;
}

/**
 * Moves the quantizer's codes to k-means centres of `samples` [D, count]. Sets its moving sums to the values at which
 * batches of `positions` positions would hold them.
 */
export async function startAtCentres(
  memory: Memory,
  { codebook }: Quantizer,
  samples: Float32Array<ArrayBuffer>,
  positions: number,
  key: number,
): Promise<void> {
  const [dim, codes] = codebook.embed.shape as [number, number];
  const count = samples.length / dim;
  const input = variable(floatType([1, dim, count, 1]), "samples");
  const step = variable({ shape: [4], dtype: "u32", layout: "flat" }, "random key");
  const executor = await Executor.load(
    plan({ effects: round(input, step, codebook) }, memory.gpu.target),
    memory,
  );
  memory.write(input, samples);
  memory.write(codebook.embed, firstCentres(samples, dim, codes, key));
  for (let index = 0; index < rounds; index++) {
    memory.write(step, Uint32Array.of(joinKeys(key, index + 1), 0, 0, 0));
    executor.run();
  }
  await scaleSums(memory, codebook, positions / count);
  executor.destroy();
  memory.forget([input, step]);
}

/** One round of Lloyd's algorithm. */
function round(input: Tensor, step: Tensor, codebook: Codebook): Tensor[] {
  const x = channelsLast(input);
  const statistics = codeStatistics(nearestCode(x, codebook.embed), x, codebook.embed);
  return [emaUpdate(statistics, codebook, 0), restartCodes(x, step, codebook, 0.5, 1)];
}

/** Random samples as first centres; they repeat only if there are fewer samples than codes. */
function firstCentres(
  samples: Float32Array,
  dim: number,
  codes: number,
  key: number,
): Float32Array<ArrayBuffer> {
  const count = samples.length / dim;
  const order = permutation(key, count);
  return Float32Array.from(
    { length: dim * codes },
    (_, index) => samples[Math.floor(index / codes) * count + order[index % codes % count]!]!,
  );
}

async function scaleSums(memory: Memory, { embedAvg, clusterSize }: Codebook, factor: number): Promise<void> {
  const [average, size] = await memory.read([embedAvg, clusterSize]);
  memory.write(embedAvg, (average as Float32Array<ArrayBuffer>).map((value) => value * factor));
  memory.write(clusterSize, (size as Float32Array<ArrayBuffer>).map((value) => value * factor));
}
