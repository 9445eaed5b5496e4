/** The options of `hdf5:create` and what a run is given by its caller. */

import type { Progress } from "../report/progress.ts";
import type { LabelPolicy } from "./listing.ts";
import type { PixelType } from "./stored_image.ts";
import type { TableOptions } from "./tables.ts";
import type { Tally } from "./tally.ts";

/** The options of `hdf5:create`, described by its help. */
export interface CreateOptions extends TableOptions, LabelPolicy {
  /** Folder of the images, outside which no image is read, or an `.npz` file of arrays. */
  data_path: string;
  /** Optional table of the images; default: the folder's own files. */
  csv?: string;
  save_path: string;
  /** Optional name for the data files' names; default: the name that the list or the folder has. */
  dataset?: string;
  /** Optional view of the images to write; default: frontal if the list names views, otherwise all. */
  view?: "frontal" | "lateral" | "all";
  /** Height and width of the images in the data file, in pixels. */
  size: number;
  /** Optional sample that is white in PNG files of 16 bits; default: 65535. */
  max_value?: number;
  /** Optional window of DICOM and NIfTI images, as `readWindow` reads it; default: the files' own. */
  window?: string;
  /** Axis of volumes along which they are cut into images: 0, 1 or 2. */
  axis: 0 | 1 | 2;
  /** Whether volumes are first turned by their headers, or cut as they are stored. */
  orientation: "patient" | "stored";
  /** Whether blank slices of volumes are written, too. */
  blank_slices: boolean;
  /** Share of the patients that are for training, from 0 to 1. */
  split: number;
  seed: number;
  dtype: PixelType;
  channels: 1 | 3;
  compression: "gzip" | "none";
  /** Whether sub-folders are classes. */
  labels: boolean;
  /** Whether the data file has a dataset `paths` with each image's path. */
  paths: boolean;
  /** Optional number of workers; default: the number of processors. */
  num_workers?: number;
  strict: boolean;
  dry_run: boolean;
  overwrite: boolean;
}

/** Where notes and progress go, and whether to stop early. */
export interface CreateContext {
  note(text: string): void;
  progress(label: string, total: number): Pick<Progress, "update" | "log" | "clear" | "finish">;
  /** The run ends as soon as `exitCode` is set. */
  stop: { readonly exitCode: number | undefined };
}

/** A data file that was written, or that a dry run would write. */
export interface CreatedFile {
  path: string;
  /** [C, H, W] of an image. */
  shape: [number, number, number];
  tally: Tally;
  /** Size of the file in bytes; not given by a dry run. */
  bytes?: number;
}

/** The result of a run. */
export interface CreateOutcome {
  files: CreatedFile[];
  /** Number of listed files that could not be read. */
  skipped: number;
  seconds: number;
  /** Largest memory of the process in bytes, sampled after each file. */
  peakBytes: number;
  /** Number of workers. */
  workers: number;
  /** Set if a signal ended the run; no file is left then. */
  exitCode?: number;
}
