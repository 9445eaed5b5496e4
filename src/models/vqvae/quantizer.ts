/** The quantizer: nearest codes, a straight-through gradient, and a codebook of moving averages. */

import { floatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { codeStatistics, gatherCode, nearestCode, perplexity } from "../../ops/codebook.ts";
import { mse } from "../../ops/reduce.ts";
import { type Codebook, countCodes, emaUpdate, restartCodes } from "../../ops/updates.ts";
import { variable } from "../../ops/variable.ts";
import { normalInitialiser, type ParameterSet, zeroInitialiser } from "../../nn/parameters.ts";

/** The result of quantizing a batch. */
export interface Quantized {
  /** The quantizer's input, [B, dim, h, w]. */
  input: Tensor;
  /** Code indices, u32 [B, h, w]. */
  codes: Tensor;
  /** The vectors of the codes, [B, dim, h, w]. */
  values: Tensor;
  /** mean((values − input)²). Its gradient reaches the input only. */
  difference: Tensor;
  /** exp(entropy) of how often the batch used each code: the effective number of codes in use. */
  perplexity: Tensor;
  /** The batch's sums and counts for each code; see {@linkcode codeStatistics}. */
  statistics: Tensor;
}

/** How codes that are hardly used are restarted. */
export interface Restart {
  /** Codes whose moving count is below this are restarted. */
  threshold: number;
  /** The step's random key, u32 [4]. */
  key: Tensor;
}

/** A codebook [dim, codes] and the operations on it. */
export class Quantizer {
  readonly codebook: Codebook;
  /** How often each code was chosen since the counters were cleared, u32 [codes]. */
  readonly usage: Tensor;

  /**
   * Adds the buffers `{key}.embed` [dim, codes], `{key}.embed_avg` [dim, codes], which starts equal to it, and
   * `{key}.cluster_size` [codes].
   *
   * @param decay the share of the moving averages that an update keeps
   */
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

  /** Builds the graph from vectors [B, dim, h, w] float32 to their nearest codes. */
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

  /** The effect that adds a batch's codes to {@linkcode usage}. */
  count({ statistics }: Pick<Quantized, "statistics">): Tensor {
    return countCodes(statistics, this.usage);
  }

  /** The effects by which a training step updates the codebook, after the batch was quantized. */
  update({ statistics, input }: Pick<Quantized, "statistics" | "input">, restart?: Restart): Tensor[] {
    const changes = [emaUpdate(statistics, this.codebook, this.decay)];
    if (restart) {
      // A restarted code begins at twice the threshold, which gives it ln 2 / (1 − decay) steps to be chosen.
      changes.push(restartCodes(input, restart.key, this.codebook, restart.threshold, 2 * restart.threshold));
    }
    return changes;
  }
}
