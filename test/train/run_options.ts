/** Options of short runs that all models share. */

import type { RunOptions } from "../../src/train/run_options.ts";

/** Two epochs of the images in `data_path`. */
export function shortRun(data_path: string, save_path: string): Omit<RunOptions, "batch_size" | "lr"> {
  return {
    data_path,
    save_path,
    dataset: "any",
    view: "any",
    n_epochs: 2,
    seed: 816,
    shuffle: true,
    resume: false,
    checkpoint_every: 10,
    log_every: 3,
  };
}
