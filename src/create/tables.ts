/** Reads tables of images: CheXpert's, MIMIC-CXR's, and others whose columns the options name. */

import { basename } from "node:path";
import { chexpertClasses } from "../models/densenet/class_names.ts";
import { DataError, UsageError } from "../errors.ts";
import { printable } from "../io/printable.ts";
import { type CsvColumns, type CsvRow, readCsv } from "./csv.ts";
import { labelColumns, readLabels } from "./labels.ts";
import type { Layout } from "./layout.ts";
import { type Entry, type Listing, patientFinder, patientInPath, viewOf } from "./listing.ts";
import { mimic, mimicImages, readStudies, type Studies } from "./mimic.ts";

/** The names of a table's columns. None are needed for the tables of CheXpert and MIMIC-CXR. */
export interface TableOptions {
  /** MIMIC-CXR's table of labels, in addition to its table of images. */
  labels_csv?: string;
  /** Column of the images' paths. */
  path_column?: string;
  /** Columns of the labels: `a,b,c` or `first..last`. */
  label_columns?: string;
  /** Column of the patients' names. */
  patient_column?: string;
  /** Regular expression that finds the patient in a path. */
  patient_pattern?: string;
  /** Column of the views. */
  view_column?: string;
}

/**
 * Reads a table of image files. The tables of CheXpert and MIMIC-CXR are recognised by their columns. For other tables
 * `path_column` must be given, unless the column is called "path" or "Path".
 *
 * @throws {DataError} if the table lacks a named column, or a row is not valid; the message names the line or column
 * @throws {UsageError} if options are missing or contradict the table
 */
export async function readTable(path: string, options: TableOptions): Promise<Listing> {
  let layout!: Layout;
  const lines = new Map<string, number>();
  const studies = options.labels_csv === undefined ? undefined : await readStudies(options.labels_csv);
  const entries = await readCsv(path, (columns) => {
    layout = layoutOf(columns, options, studies);
    const readEntry = entryReader(columns, layout, options);
    return (row) => {
      const entry = readEntry(row);
      const earlier = lines.get(entry.path);
      if (earlier !== undefined) {
        const listed = printable(entry.path, 200);
        throw new DataError(`${path}: line ${row.line}: ${listed} is already on line ${earlier}`);
      }
      lines.set(entry.path, row.line);
      return entry;
    };
  });
  const { dataset, classNames, viewColumn } = layout;
  return { source: basename(path), dataset, classNames, hasViews: viewColumn !== undefined, entries };
}

function entryReader(columns: CsvColumns, layout: Layout, options: TableOptions): (row: CsvRow) => Entry {
  const patient = patientReader(columns, layout, options);
  const view = layout.viewColumn === undefined ? undefined : columns.find(layout.viewColumn);
  return (row) => {
    const path = layout.path(row);
    if (path === "") throw new DataError(`${columns.path}: line ${row.line}: has no path`);
    return {
      path,
      labels: layout.labels(row),
      patient: patient(row, path),
      view: view === undefined ? undefined : viewOf(row.cells[view]!),
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
    if (patient !== "") return patient;
    throw new DataError(`${columns.path}: line ${line}, column ${JSON.stringify(patientColumn)}: is empty`);
  };
}

function layoutOf(columns: CsvColumns, options: TableOptions, studies: Studies | undefined): Layout {
  const { path_column, label_columns, patient_column, view_column } = options;
  const isNamed = path_column !== undefined || label_columns !== undefined;
  if (isNamed && studies) {
    throw new UsageError("--labels_csv: cannot be combined with --path_column or --label_columns");
  }
  const known = isNamed ? undefined : mimicImages(columns, studies) ?? chexpert(columns) ?? mimic(columns);
  const layout = known ?? namedColumns(columns, path_column, label_columns);
  return {
    ...layout,
    patientColumn: patient_column ?? layout.patientColumn,
    viewColumn: view_column ?? layout.viewColumn,
  };
}

/** CheXpert's table: Path, Sex, Age, Frontal/Lateral, AP/PA and the 14 findings. */
function chexpert(columns: CsvColumns): Layout | undefined {
  if (!columns.has("Path", "Frontal/Lateral")) return undefined;
  const path = columns.find("Path");
  return {
    dataset: "CheXpert",
    classNames: chexpertClasses,
    labels: readLabels(columns, chexpertClasses.map((name) => columns.find(name))),
    path: ({ cells }) => cells[path]!,
    viewColumn: "Frontal/Lateral",
  };
}

function namedColumns(columns: CsvColumns, pathColumn?: string, labelText?: string): Layout {
  const name = pathColumn ?? ["Path", "path"].find((each) => columns.has(each));
  if (name === undefined) {
    const names = printable(columns.names.map((each) => JSON.stringify(each)).join(", "), 400);
    throw new UsageError(
      `--path_column: expected the column of ${columns.path} that holds the images' paths; its columns are ${names}`,
    );
  }
  const path = columns.find(name);
  const classNames = labelText === undefined ? [] : labelColumns(columns, labelText);
  const labels = readLabels(columns, classNames.map((name) => columns.find(name)));
  return { classNames, labels, path: ({ cells }) => cells[path]! };
}
