/** The tables of MIMIC-CXR: one in its first release, two in its later releases. */

import { chexpertClasses } from "../models/densenet/class_names.ts";
import { DataError, UsageError } from "../errors.ts";
import { type CsvColumns, type CsvRow, readCsv } from "./csv.ts";
import { isBlank, pathIn } from "./cells.ts";
import { type LabelCell, noLabels, numberLabels } from "./labels.ts";
import type { Layout } from "./layout.ts";
import type { ListedLabel } from "./listing.ts";

/** Labels by `study_id`. */
export type Studies = ReadonlyMap<string, readonly ListedLabel[]>;

const dataset = "MIMIC-CXR";

/** The first release's table: path, view and the 14 findings, one of which then had another name. */
export function mimic(columns: CsvColumns): Layout | undefined {
  if (!columns.has("path", "view") || !columns.has("No Finding")) return undefined;
  const path = columns.find("path");
  return {
    dataset,
    pathColumn: "path",
    labels: findings(columns),
    path: ({ cells }) => pathIn(cells[path]!),
    viewColumn: "view",
    patientColumn: columns.has("subject_id") ? "subject_id" : undefined,
  };
}

/**
 * The table of images: `…-metadata.csv` with dicom_id, subject_id, study_id and ViewPosition, whose images lie in
 * MIMIC-CXR-JPG's or MIMIC-CXR's folders, or `cxr-record-list.csv` with the paths of MIMIC-CXR's DICOM files, which
 * name their views. No label is mentioned for a study that is missing from the table of labels.
 *
 * @param studies the table of labels, if one is given
 * @param hasLabels whether labels are wanted
 * @throws {UsageError} if `studies` is missing, or given with a table that is not MIMIC-CXR's table of images
 */
export function mimicImages(
  columns: CsvColumns,
  studies: Studies | undefined,
  hasLabels = true,
): Layout | undefined {
  const isRecords = columns.has("dicom_id", "subject_id", "study_id", "path");
  if (!isRecords && !columns.has("dicom_id", "subject_id", "study_id", "ViewPosition")) {
    if (!studies) return undefined;
    throw new UsageError(
      `--labels_csv: needs MIMIC-CXR's table of images as --csv, and ${columns.path} is another table`,
    );
  }
  if (!studies && hasLabels) {
    throw new UsageError(
      `--labels_csv: expected MIMIC-CXR's table of labels for the images in ${columns.path}, or --no-labels`,
    );
  }
  const [image, patient, study] = ["dicom_id", "subject_id", "study_id"].map((name) => columns.find(name));
  const path = isRecords ? columns.find("path") : undefined;
  const unknown = chexpertClasses.map(() => NaN);
  const ofStudy = studies && {
    read: ({ cells }: CsvRow) => studies.get(idIn(cells[study!]!)) ?? unknown,
    finish: () => ({
      classNames: chexpertClasses,
      labels: (cells: readonly LabelCell[]) => cells as readonly ListedLabel[],
      notes: [],
    }),
  };
  return {
    dataset,
    pathColumn: isRecords ? "path" : "dicom_id",
    labels: ofStudy ?? noLabels,
    path: ({ cells }) => {
      if (path !== undefined) return pathIn(cells[path]!);
      const [imageName, patientName, studyName] = [image, patient, study].map((index) =>
        idIn(cells[index!]!)
      );
      return `files/p${patientName!.slice(0, 2)}/p${patientName}/s${studyName}/${imageName}.jpg`;
    },
    viewColumn: columns.has("ViewPosition") ? "ViewPosition" : undefined,
    hasViewsInFiles: isRecords && !columns.has("ViewPosition"),
    patientColumn: "subject_id",
  };
}

/** An identifier, without the `.0` that pandas adds to numbers in columns with blanks. */
function idIn(cell: string): string {
  return cell.trim().replace(/\.0$/, "");
}

/**
 * Reads the table of labels (`…-chexpert.csv`): subject_id, study_id and the 14 findings.
 *
 * @throws {DataError} if the table cannot be read, or has a study twice
 */
export async function readStudies(path: string): Promise<Studies> {
  const studies = new Map<string, readonly ListedLabel[]>();
  await readCsv(path, (columns) => {
    const study = columns.find("study_id");
    const { read } = findings(columns);
    return (row) => {
      if (isBlank(row.cells[study]!)) return;
      const name = idIn(row.cells[study]!);
      if (studies.has(name)) {
        throw new DataError(`${path}: line ${row.line}: has study ${name} a second time`);
      }
      studies.set(name, read(row) as readonly ListedLabel[]);
    };
  });
  return studies;
}

function findings(columns: CsvColumns) {
  const names = chexpertClasses.map((name) =>
    name === "Lung Opacity" && columns.has("Airspace Opacity") ? "Airspace Opacity" : name
  );
  return numberLabels(columns, names.map((name) => columns.find(name)), chexpertClasses);
}
