/** The tables of published data sets other than MIMIC-CXR, recognised by their columns. */

import { chexpertClasses } from "../models/densenet/class_names.ts";
import { pathIn } from "./cells.ts";
import type { CsvColumns, CsvRow } from "./csv.ts";
import { anyLabels, knownWords, numberLabels, type WordOptions } from "./labels.ts";
import type { Layout } from "./layout.ts";

/** The layout of a published table; undefined if its columns are those of none. */
export function publishedLayout(columns: CsvColumns, words: WordOptions): Layout | undefined {
  for (const layout of [chexpert, chestXray14, padChest, rsna, vinDr]) {
    const found = layout(columns, words);
    if (found) return found;
  }
  return undefined;
}

function column(columns: CsvColumns, name: string): (row: CsvRow) => string {
  const index = columns.find(name);
  return ({ cells }) => pathIn(cells[index]!);
}

/** CheXpert's table: Path, Sex, Age, Frontal/Lateral, AP/PA and the 14 findings. */
function chexpert(columns: CsvColumns): Layout | undefined {
  if (!columns.has("Path", "Frontal/Lateral")) return undefined;
  return {
    dataset: "CheXpert",
    pathColumn: "Path",
    labels: numberLabels(columns, chexpertClasses.map((name) => columns.find(name)), chexpertClasses),
    path: column(columns, "Path"),
    viewColumn: "Frontal/Lateral",
  };
}

/** The 14 findings of ChestX-ray14, in the order of its paper. */
const chestXray14Classes = [
  "Atelectasis",
  "Cardiomegaly",
  "Effusion",
  "Infiltration",
  "Mass",
  "Nodule",
  "Pneumonia",
  "Pneumothorax",
  "Consolidation",
  "Edema",
  "Emphysema",
  "Fibrosis",
  "Pleural_Thickening",
  "Hernia",
];

/** ChestX-ray14's table: file names alone, since the images are in twelve folders, and findings joined by `|`. */
function chestXray14(columns: CsvColumns, words: WordOptions): Layout | undefined {
  if (!columns.has("Image Index", "Finding Labels")) return undefined;
  return {
    dataset: "ChestX-ray14",
    pathColumn: "Image Index",
    labelColumns: "Finding Labels",
    labels: knownWords(columns, columns.find("Finding Labels"), chestXray14Classes, words),
    path: column(columns, "Image Index"),
    viewColumn: columns.has("View Position") ? "View Position" : undefined,
    patientColumn: columns.has("Patient ID") ? "Patient ID" : undefined,
  };
}

/** PadChest's table: ImageDir is the folder of an image, Labels a list as Python writes it. */
function padChest(columns: CsvColumns, words: WordOptions): Layout | undefined {
  if (!columns.has("ImageID", "ImageDir", "PatientID", "Labels")) return undefined;
  const [image, folder] = [columns.find("ImageID"), columns.find("ImageDir")];
  return {
    dataset: "PadChest",
    pathColumn: "ImageID",
    labelColumns: "Labels",
    labels: anyLabels(columns, [columns.find("Labels")], { negative_label: "normal", ...defined(words) }),
    path: ({ cells }) => {
      const [name, own] = [pathIn(cells[image]!), pathIn(cells[folder]!)];
      return own === "" ? name : `${own.replace(/\.0$/, "")}/${name}`;
    },
    viewColumn: ["Projection", "ViewPosition_DICOM"].find((name) => columns.has(name)),
    patientColumn: "PatientID",
  };
}

/** The tables of RSNA's pneumonia challenge: an image's name without its ending, and a row for each box. */
function rsna(columns: CsvColumns, words: WordOptions): Layout | undefined {
  const isBoxes = columns.has("patientId", "Target", "x", "y");
  const isClasses = columns.has("patientId", "class") && columns.names.length === 2;
  if (!isBoxes && !isClasses) return undefined;
  const labels = isBoxes ? "Target" : "class";
  return {
    dataset: "RSNA",
    pathColumn: "patientId",
    labelColumns: labels,
    labels: anyLabels(columns, [columns.find(labels)], words),
    path: column(columns, "patientId"),
    patientColumn: "patientId",
  };
}

/**
 * The tables of VinDr-CXR and of its challenge: either a column for each finding, with a row for each radiologist, or a
 * row for each box with the finding's name.
 */
function vinDr(columns: CsvColumns, words: WordOptions): Layout | undefined {
  if (!columns.has("image_id")) return undefined;
  const shared = { dataset: "VinDr-CXR", pathColumn: "image_id", path: column(columns, "image_id") };
  if (columns.has("class_name", "x_min", "y_min")) {
    const index = columns.find("class_name");
    return { ...shared, labelColumns: "class_name", labels: anyLabels(columns, [index], words) };
  }
  if (!columns.has("Aortic enlargement", "Cardiomegaly")) return undefined;
  const names = columns.names.filter((name) => name !== "" && !["image_id", "rad_id"].includes(name));
  return { ...shared, labels: numberLabels(columns, names.map((name) => columns.find(name)), names) };
}

/** The options without those that are undefined, which would replace defaults. */
function defined(words: WordOptions): WordOptions {
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));
}
