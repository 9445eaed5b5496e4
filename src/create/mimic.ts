/** The tables of MIMIC-CXR: one in its first release, two in its later releases. */

import { chexpertClasses } from "../models/densenet/class_names.ts";
import { DataError, UsageError } from "../errors.ts";
import { type CsvColumns, readCsv } from "./csv.ts";
import { readLabels } from "./labels.ts";
import type { Layout } from "./layout.ts";
import type { ListedLabel } from "./listing.ts";

/** Labels by `study_id`. */
export type Studies = ReadonlyMap<string, readonly ListedLabel[]>;

const dataset = "MIMIC-CXR";

/** The first release's table: path, view and the 14 findings, one of which then had another name. */
export function mimic(columns: CsvColumns): Layout | undefined {
  if (!columns.has("path", "view")) return undefined;
  const path = columns.find("path");
  return {
    dataset,
    classNames: chexpertClasses,
    labels: readFindings(columns),
    path: ({ cells }) => cells[path]!,
    viewColumn: "view",
    patientColumn: columns.has("subject_id") ? "subject_id" : undefined,
  };
}

/**
 * The table of images (`…-metadata.csv`): dicom_id, subject_id, study_id, ViewPosition. The images lie in
 * MIMIC-CXR-JPG's folders. No label is mentioned for a study that is missing from the table of labels.
 *
 * @param studies the table of labels, if one is given
 * @throws {UsageError} if `studies` is missing, or given with a table that is not MIMIC-CXR's table of images
 */
export function mimicImages(columns: CsvColumns, studies: Studies | undefined): Layout | undefined {
  if (!columns.has("dicom_id", "subject_id", "study_id", "ViewPosition")) {
    if (!studies) return undefined;
    throw new UsageError(
      `--labels_csv: needs MIMIC-CXR's table of images as --csv, and ${columns.path} is another table`,
    );
  }
  if (!studies) {
    throw new UsageError(
      `--labels_csv: expected MIMIC-CXR's table of labels for the images in ${columns.path}`,
    );
  }
  const [image, patient, study] = ["dicom_id", "subject_id", "study_id"].map((name) => columns.find(name));
  const unknown = chexpertClasses.map(() => NaN);
  return {
    dataset,
    classNames: chexpertClasses,
    labels: ({ cells }) => studies.get(cells[study!]!.trim()) ?? unknown,
    path: ({ cells }) => {
      const [imageName, patientName, studyName] = [image, patient, study].map((index) =>
        cells[index!]!.trim()
      );
      return `files/p${patientName!.slice(0, 2)}/p${patientName}/s${studyName}/${imageName}.jpg`;
    },
    viewColumn: "ViewPosition",
    patientColumn: "subject_id",
  };
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
    const labels = readFindings(columns);
    return (row) => {
      const name = row.cells[study]!.trim();
      if (studies.has(name)) {
        throw new DataError(`${path}: line ${row.line}: has study ${name} a second time`);
      }
      studies.set(name, labels(row));
    };
  });
  return studies;
}

function readFindings(columns: CsvColumns) {
  const names = chexpertClasses.map((name) =>
    name === "Lung Opacity" && columns.has("Airspace Opacity") ? "Airspace Opacity" : name
  );
  return readLabels(columns, names.map((name) => columns.find(name)));
}
