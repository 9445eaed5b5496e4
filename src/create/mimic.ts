/** MIMIC-CXR's tables: that of its first release, and the two of its later ones. */

import { chexpertClasses } from "../models/densenet/class_names.ts";
import { DataError, UsageError } from "../errors.ts";
import { type CsvColumns, readCsv } from "./csv.ts";
import { readLabels } from "./labels.ts";
import type { Layout } from "./layout.ts";
import type { ListedLabel } from "./listing.ts";

/** Labels by the number of a study. */
export type Studies = ReadonlyMap<string, readonly ListedLabel[]>;

const dataset = "MIMIC-CXR";

/** path, view and the 14 findings, one of which had another name in the first release. */
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
 * The table of images (`…-metadata.csv`): dicom_id, subject_id, study_id, ViewPosition. Its images lie in MIMIC-CXR-JPG's folders; a
 * study that the other table does not have mentions nothing.
 *
 * @throws UsageError if the other table is missing, or there for nothing
 */
export function mimicImages(columns: CsvColumns, studies: Studies | undefined): Layout | undefined {
  if (!columns.has("dicom_id", "subject_id", "study_id", "ViewPosition")) {
    if (!studies) return undefined;
    throw new UsageError(
      `--labels_csv: goes with MIMIC-CXR's table of images, and ${columns.path} is another`,
    );
  }
  if (!studies) {
    throw new UsageError(`--labels_csv: expected MIMIC-CXR's table of labels, to go with ${columns.path}`);
  }
  const [image, patient, study] = ["dicom_id", "subject_id", "study_id"].map((name) => columns.find(name));
  const unknown = chexpertClasses.map(() => NaN);
  return {
    dataset,
    classNames: chexpertClasses,
    labels: ({ cells }) => studies.get(cells[study!]!.trim()) ?? unknown,
    path: ({ cells }) => {
      const [imageName, patientName, studyName] = [image, patient, study].map((place) =>
        cells[place!]!.trim()
      );
      return `files/p${patientName!.slice(0, 2)}/p${patientName}/s${studyName}/${imageName}.jpg`;
    },
    viewColumn: "ViewPosition",
    patientColumn: "subject_id",
  };
}

/** Reads the table of labels (`…-chexpert.csv`): subject_id, study_id and the 14 findings. */
export async function readStudies(path: string): Promise<Studies> {
  const studies = new Map<string, readonly ListedLabel[]>();
  await readCsv(path, (columns) => {
    const study = columns.find("study_id");
    const labels = readFindings(columns);
    return (row) => {
      const name = row.cells[study]!.trim();
      if (studies.has(name)) throw new DataError(`${path}: line ${row.line}: has study ${name} once more`);
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
