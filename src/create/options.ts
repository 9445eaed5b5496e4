import type { Progress } from "../report/progress.ts";
import type { LabelPolicy } from "./listing.ts";
import type { TableOptions } from "./tables.ts";
import type { PixelType } from "./tensor.ts";

/** See the help of `hdf5:create`. */
export interface CreateOptions extends TableOptions, LabelPolicy {
  data_path: string;
  /** A table of the images; the folder itself is the list where it is missing. */
  csv?: string;
  save_path: string;
  /** What the list or the folder says where it is missing. */
  dataset?: string;
  /** Frontal where it is missing and the list tells views, otherwise all. */
  view?: "frontal" | "lateral" | "all";
  size: number;
  /** Share of the patients for training. */
  split: number;
  seed: number;
  dtype: PixelType;
  channels: 1 | 3;
  compression: "gzip" | "none";
  /** Whether sub-folders are classes. */
  labels: boolean;
  /** Whether the file is to hold the images' paths. */
  paths: boolean;
  /** All processors where it is missing. */
  num_workers?: number;
  strict: boolean;
  dry_run: boolean;
  overwrite: boolean;
}

/** What a run says, and what ends it early. */
export interface CreateSurroundings {
  note(text: string): void;
  progress(label: string, total: number): Pick<Progress, "update" | "log" | "clear" | "finish">;
  stop: { readonly exitCode: number | undefined };
}
