/** The options of a training run, and how it ends. */

import type { FloatType } from "../graph/layout.ts";
import type { FileLayout } from "../data/dataset_info.ts";
import type { TuneMode } from "../tune/tuner.ts";

/** The options that all models share; see the help of `train:vqvae`. */
export interface RunOptions extends FileLayout {
  data_path: string;
  /** Default: no validation. */
  valid_path?: string;
  save_path: string;
  dataset: string;
  view: string;
  /** Side of the images in pixels. Default: that of the file. */
  size?: number;
  n_epochs: number;
  batch_size: number;
  /** Equal parts in which a batch goes through the model. Default: as few as the GPU's memory holds. */
  accumulate?: number;
  /** Of the values between layers and their gradients. Default: float32. */
  precision?: FloatType;
  lr: number;
  seed: number;
  shuffle: boolean;
  max_steps?: number;
  /** A file of weights to start from. */
  init?: string;
  resume: boolean;
  checkpoint_every: number;
  log_every: number;
  /** How many kernel variants are measured; see Tuner. */
  tune?: TuneMode;
  /** Where the tuner keeps its findings. */
  cache_folder?: string;
  /** Records the times of steps and of the host's work. */
  profile?: boolean;
  adapter?: string;
}

/** How a run ended. */
export interface TrainOutcome {
  steps: number;
  epochs: number;
  /** The weights at the end. */
  checkpoint: string;
  /** Set if a signal ended the run. */
  exitCode?: number;
}
