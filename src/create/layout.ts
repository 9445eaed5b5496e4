/** The layout of a table: how its columns give the parts of an entry. */

import type { CsvRow } from "./csv.ts";
import type { ListedLabel } from "./listing.ts";

/** How to read an entry from a row. */
export interface Layout {
  /** Name of the published data set that has this layout, if it is known. */
  dataset?: string;
  classNames: readonly string[];
  /** Labels in the order of `classNames`. */
  labels(row: CsvRow): readonly ListedLabel[];
  path(row: CsvRow): string;
  viewColumn?: string;
  patientColumn?: string;
}
