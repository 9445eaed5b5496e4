/** What every training run is asked for, what surrounds it, and how it ends. */

import type { FloatType } from "../graph/layout.ts";
import type { TuneMode } from "../tune/tuner.ts";

/** The options that all models share; see the commands' help. */
export interface RunOptions {
  data_path: string;
  /** No validation where it is missing. */
  valid_path?: string;
  save_path: string;
  dataset: string;
  view: string;
  /** Side of the images; the file's own where it is missing. */
  size?: number;
  n_epochs: number;
  batch_size: number;
  /** Equal parts in which a batch goes through the model; as few as fit where it is missing. */
  accumulate?: number;
  /** Of the values between layers and their gradients; float32 where it is missing. */
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
  /** How much is tried to find the fastest kernels; see Tuner. */
  tune?: TuneMode;
  /** Where it is kept what was found. */
  cache_folder?: string;
  /** Times steps and what the host does. */
  profile?: boolean;
  adapter?: string;
}

/** How a run ended. */
export interface TrainOutcome {
  steps: number;
  epochs: number;
  /** The weights at the end. */
  checkpoint: string;
  /** Set where a signal ended the run. */
  exitCode?: number;
}
