/** The quantizer: nearest code, straight-through gradient, and a codebook that follows its codes' moving averages. */

import { floatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { codeStatistics, gatherCode, nearestCode, perplexity } from "../../ops/codebook.ts";
import { mse } from "../../ops/reduce.ts";
import { type Codebook, countCodes, emaUpdate, restartCodes } from "../../ops/updates.ts";
import { variable } from "../../ops/variable.ts";
import { normalInitialiser, type ParameterSet, zeroInitialiser } from "../../nn/parameters.ts";

/** What quantising gives. */
export interface Quantized {
  /** The quantizer's input, [B, dim, h, w]. */
  input: Tensor;
  /** Code indices, u32 [B, h, w]. */
  codes: Tensor;
  /** The codes' vectors in place of the input. */
  values: Tensor;
  /** mean((values − input)²); its gradient reaches the input only. */
  difference: Tensor;
  /** The effective number of codes that the batch used. */
  perplexity: Tensor;
  /** Sums and counts of the batch; see codeStatistics. */
  statistics: Tensor;
}

/** How dead codes are restarted: below `threshold`, with the step's random key. */
export interface Restart {
  threshold: number;
  key: Tensor;
}

export class Quantizer {
  readonly codebook: Codebook;
  /** How often each code was chosen since the counters were cleared, u32 [n]. */
  readonly usage: Tensor;

  /** Buffers `{key}.embed` and, equal to it at first, `{key}.embed_avg` [dim, codes]; `{key}.cluster_size` [codes]. */
  constructor(
    set: ParameterSet,
    private readonly key: string,
    private readonly dim: number,
    codes: number,
    private readonly decay: number,
  ) {
    const embed = set.buffer(`${key}.embed`, floatType([dim, codes], "codes_first"), normalInitialiser);
    const clusterSize = set.buffer(`${key}.cluster_size`, floatType([codes]), zeroInitialiser);
    const embedAvg = set.buffer(
      `${key}.embed_avg`,
      floatType([dim, codes], "codes_first"),
      normalInitialiser,
      `${key}.embed`,
    );
    this.codebook = { embed, embedAvg, clusterSize };
    this.usage = variable({ shape: [codes], dtype: "u32", layout: "flat" }, `${key}.usage`);
  }

  quantize(input: Tensor): Quantized {
    const { embed } = this.codebook;
    const codes = nearestCode(input, embed);
    const values = gatherCode(codes, embed, input);
    const statistics = codeStatistics(codes, input, embed);
    const difference = mse(input, values, { targetGiven: true });
    return { input, codes, values, difference, statistics, perplexity: perplexity(statistics) };
  }

  /** The vectors [B, dim, h, w] of code indices, u32 [B, h, w]: what a decoder starts from. */
  lookUp(codes: Tensor): Tensor {
    const [images, height, width] = codes.shape;
    const type = floatType([images!, this.dim, height!, width!], "channels_last");
    // Gives the result its shape. No kernel reads it, so a plan takes no memory for it.
    const like = variable(type, `${this.key}.shape`);
    return gatherCode(codes, this.codebook.embed, like);
  }

  /** Counts a batch's codes. */
  count({ statistics }: Quantized): Tensor {
    return countCodes(statistics, this.usage);
  }

  /** The changes that a training step makes to the codebook, behind the look-up. */
  update({ statistics, input }: Quantized, restart?: Restart): Tensor[] {
    const changes = [emaUpdate(statistics, this.codebook, this.decay)];
    if (restart) {
      // Twice the threshold gives a restarted code ln 2 / (1 − decay) steps to find members.
      changes.push(restartCodes(input, restart.key, this.codebook, restart.threshold, 2 * restart.threshold));
    }
    return changes;
  }
}
