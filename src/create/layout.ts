/** The layout of a table: how its columns give the parts of an entry. */

import type { CsvRow } from "./csv.ts";
import type { LabelSource } from "./labels.ts";

/** How to read an entry from a row. */
export interface Layout {
  /** Name of the published data set that has this layout, if it is known. */
  dataset?: string;
  /** The column of paths, and the columns of labels as `--label_columns` would name them. */
  pathColumn?: string;
  labelColumns?: string;
  labels: LabelSource;
  path(row: CsvRow): string;
  viewColumn?: string;
  patientColumn?: string;
  /** Whether the images are DICOM files that name their views, although the table does not. */
  hasViewsInFiles?: boolean;
}
