/** A codec that trains in seconds, and options of runs that train it. */

import { defaultConfiguration, type VqvaeConfiguration } from "../../src/models/vqvae/configuration.ts";
import type { TrainVqvaeOptions } from "../../src/train/vqvae/options.ts";
import { shortRun } from "./run_options.ts";

export const smallCodec: VqvaeConfiguration = {
  ...defaultConfiguration,
  channel: 16,
  n_res_block: 1,
  n_res_channel: 8,
  embed_dim: 8,
  n_embed: 32,
};

/** Two epochs of the images in `data_path`, in batches of four. */
export function codecOptions(
  data_path: string,
  save_path: string,
  changes: Partial<TrainVqvaeOptions> = {},
): TrainVqvaeOptions {
  return {
    ...shortRun(data_path, save_path),
    batch_size: 4,
    lr: 3e-4,
    sample_every: 1,
    kmeans_init: false,
    configuration: smallCodec,
    ...changes,
  };
}
