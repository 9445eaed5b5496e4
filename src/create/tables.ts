/** Reads tables of images: those of published data sets, and others whose columns the options name. */

import { basename } from "node:path";
import { DataError, UsageError } from "../errors.ts";
import { printable } from "../io/printable.ts";
import { isBlank, pathIn } from "./cells.ts";
import { type CsvColumns, type CsvRow, readCsv } from "./csv.ts";
import { anyLabels, labelColumns, noLabels, type WordOptions } from "./labels.ts";
import type { Layout } from "./layout.ts";
import { type Listing, patientFinder, patientInPath, viewOf } from "./listing.ts";
import { mimic, mimicImages, readStudies, type Studies } from "./mimic.ts";
import { publishedLayout } from "./published.ts";
import { mergeRows, type RepeatedRows, type TableRow } from "./repeated_rows.ts";
import { readTestList, type SplitOptions, splitReader } from "./splits.ts";

/** The names of a table's columns, and how its cells are understood. Published tables need none of them. */
export interface TableOptions extends WordOptions, SplitOptions {
  /** MIMIC-CXR's table of labels, in addition to its table of images. */
  labels_csv?: string;
  /** Column of the images' paths. */
  path_column?: string;
  /** Columns of the labels: `a,b,c` or `first..last`. */
  label_columns?: string;
  /** Column that holds an image's class, as a word or a number. */
  class_column?: string;
  /** Column of the patients' names. */
  patient_column?: string;
  /** Regular expression that finds the patient in a path. */
  patient_pattern?: string;
  /** Column of the views. */
  view_column?: string;
  /** Optional: what several rows of one image mean; default: `largest`. */
  several_rows?: RepeatedRows;
  /** Optional: whether labels are read; default: true. */
  labels?: boolean;
}

/**
 * Reads a table of image files. The tables of published data sets are recognised by their columns. For other tables
 * `path_column` must be given, unless the column is called "path" or "Path".
 *
 * @param note receives lines about what was understood
 * @throws {DataError} if the table lacks a named column, or a row is not valid; the message names the line or column
 * @throws {UsageError} if options are missing or contradict the table
 */
export async function readTable(
  path: string,
  options: TableOptions,
  note: (text: string) => void = () => {},
): Promise<Listing> {
  let layout!: Layout;
  const studies = options.labels_csv === undefined ? undefined : await readStudies(options.labels_csv);
  const findSplit = await splitReader(options);
  const rows = await readCsv(path, (columns) => {
    layout = layoutOf(columns, options, studies);
    if (options.split_column === undefined && options.split_csv === undefined && columns.has("split")) {
      note(`${path}: has a column "split", which is used with --split_column split`);
    }
    return rowReader(columns, layout, options, findSplit(columns, layout));
  }, note);
  const { classNames, labels, notes } = layout.labels.finish(rows);
  notes.forEach(note);
  const merged = mergeRows(path, rows, labels, options.several_rows ?? "largest", note);
  const entries = options.test_list === undefined ? merged : await readTestList(options, merged, note);
  const { dataset, viewColumn, hasViewsInFiles } = layout;
  return {
    source: basename(path),
    dataset,
    classNames,
    hasViews: viewColumn !== undefined,
    ...(hasViewsInFiles && { hasViewsInFiles }),
    entries,
  };
}

function rowReader(
  columns: CsvColumns,
  layout: Layout,
  options: TableOptions,
  split: (row: CsvRow) => TableRow["split"],
): (row: CsvRow) => TableRow {
  const patient = patientReader(columns, layout, options);
  const view = layout.viewColumn === undefined ? undefined : columns.find(layout.viewColumn);
  return (row) => {
    const path = layout.path(row);
    if (path === "") throw new DataError(`${columns.path}: line ${row.line}: has no path`);
    const own = split(row);
    return {
      path,
      cells: layout.labels.read(row),
      line: row.line,
      patient: patient(row, path),
      view: view === undefined ? undefined : isBlank(row.cells[view]!) ? "" : viewOf(row.cells[view]!),
      ...(own && { split: own }),
    };
  };
}

function patientReader(
  columns: CsvColumns,
  { patientColumn }: Layout,
  { patient_pattern }: TableOptions,
): (row: CsvRow, path: string) => string | undefined {
  if (patient_pattern !== undefined) {
    const find = patientFinder(patient_pattern);
    return (_row, path) => find(path);
  }
  if (patientColumn === undefined) return (_row, path) => patientInPath(path);
  const index = columns.find(patientColumn);
  return ({ cells, line }) => {
    const patient = cells[index]!.trim();
    if (!isBlank(patient)) return patient;
    throw new DataError(`${columns.path}: line ${line}, column ${JSON.stringify(patientColumn)}: is empty`);
  };
}

function layoutOf(columns: CsvColumns, options: TableOptions, studies: Studies | undefined): Layout {
  const { path_column, label_columns, class_column, patient_column, view_column, labels = true } = options;
  const isNamed = path_column !== undefined || label_columns !== undefined || class_column !== undefined;
  if (isNamed && studies) {
    throw new UsageError("--labels_csv: cannot be combined with --path_column or --label_columns");
  }
  if (label_columns !== undefined && class_column !== undefined) {
    throw new UsageError(`--class_column ${class_column}: expected without --label_columns`);
  }
  const known = knownLayout(columns, options, studies, isNamed);
  const layout = known ?? namedColumns(columns, options);
  return {
    ...layout,
    ...(!labels && { labels: noLabels }),
    patientColumn: patient_column ?? layout.patientColumn,
    viewColumn: view_column ?? layout.viewColumn,
  };
}

/** The layout of a published table, unless the options name other columns than it has. */
function knownLayout(
  columns: CsvColumns,
  options: TableOptions,
  studies: Studies | undefined,
  isNamed: boolean,
): Layout | undefined {
  const { path_column, label_columns, class_column, labels = true } = options;
  if (!isNamed) {
    return mimicImages(columns, studies, labels) ?? publishedLayout(columns, options) ?? mimic(columns);
  }
  const known = publishedLayout(columns, options);
  const isSame = (given: string | undefined, own: string | undefined) => given === undefined || given === own;
  const isWhole = class_column === undefined && known?.labelColumns !== undefined &&
    isSame(path_column, known.pathColumn) && isSame(label_columns, known.labelColumns);
  return isWhole ? known : undefined;
}

function namedColumns(columns: CsvColumns, options: TableOptions): Layout {
  const { path_column, label_columns, class_column } = options;
  const name = path_column ?? ["Path", "path"].find((each) => columns.has(each));
  if (name === undefined) {
    const names = printable(columns.names.map((each) => JSON.stringify(each)).join(", "), 400);
    throw new UsageError(
      `--path_column: expected the column of ${columns.path} that holds the images' paths; its columns are ${names}`,
    );
  }
  const path = columns.find(name);
  const areClasses = class_column !== undefined;
  const names = areClasses
    ? [class_column]
    : label_columns === undefined
    ? []
    : labelColumns(columns, label_columns);
  return {
    labels: anyLabels(columns, names.map((name) => columns.find(name)), { ...options, areClasses }),
    path: ({ cells }) => isBlank(cells[path]!) ? "" : pathIn(cells[path]!),
  };
}
