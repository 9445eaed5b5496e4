/** The options of a run of codec training. */

import type { VqvaeConfiguration } from "../../models/vqvae/configuration.ts";
import type { RunOptions } from "../run_options.ts";

/** See the help of `train:vqvae`. */
export interface TrainVqvaeOptions extends RunOptions {
  /** Epochs between two pictures of reconstructions. */
  sample_every: number;
  /** Starts the codebooks at k-means centres of the encoders' outputs. */
  kmeans_init: boolean;
  /** Codes with a smaller smoothed count are restarted. Default: none. */
  restart_dead_codes?: number;
  configuration: VqvaeConfiguration;
}
