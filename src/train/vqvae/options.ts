/** What a run of codec training is asked for. */

import type { VqvaeConfiguration } from "../../models/vqvae/configuration.ts";
import type { RunOptions } from "../run_options.ts";

export interface TrainVqvaeOptions extends RunOptions {
  sample_every: number;
  kmeans_init: boolean;
  restart_dead_codes?: number;
  configuration: VqvaeConfiguration;
}
