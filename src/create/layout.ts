import type { CsvRow } from "./csv.ts";
import type { ListedLabel } from "./listing.ts";

/** The form of a table: where the parts of its entries come from. */
export interface Layout {
  /** The data set that has this form. */
  dataset?: string;
  classNames: readonly string[];
  /** In the order of the classes. */
  labels(row: CsvRow): readonly ListedLabel[];
  path(row: CsvRow): string;
  viewColumn?: string;
  patientColumn?: string;
}
