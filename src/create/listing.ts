/** The list of a data set's images, with labels, views and patients, before any image is read. */

import { UsageError } from "../errors.ts";
import { joinKeys, keyOf, randomUniform } from "../random.ts";

/** A label as the list has it: 1 present, 0 absent, −1 uncertain, NaN not mentioned. */
export type ListedLabel = number;

/** The part of a data set that an image is in. */
export type Split = "train" | "valid" | "test";

/** An image file of the list. */
export interface Entry {
  /** The path as the list has it: relative to the data folder, or absolute. */
  path: string;
  /** One label for each class. */
  labels: readonly ListedLabel[];
  /** The patient in the image, if known. */
  patient?: string;
  /** "frontal", "lateral" or another word, if known. */
  view?: string;
  /** The part of the data set that the list puts the image in, if it does. */
  split?: Split;
}

/** The image files of a data set, in the order in which they are written. */
export interface Listing {
  /** Name of the file or folder from which the list was read. */
  source: string;
  /** Name of the published data set that has such a list, for instance "CheXpert". */
  dataset?: string;
  classNames: readonly string[];
  hasViews: boolean;
  /** Whether the images are DICOM files that name their views. */
  hasViewsInFiles?: boolean;
  entries: Entry[];
}

/** What to train on for labels that are neither 1 nor 0. */
export interface LabelPolicy {
  /** For −1; "ignore" leaves the label out of training. */
  uncertain: "zeros" | "ones" | "ignore";
  /** For labels that are not mentioned. */
  blank: "zeros" | "ignore";
}

/** The label to train on: 1, 0, or NaN if it is left out of training. */
export function trainingLabel(label: ListedLabel, { uncertain, blank }: LabelPolicy): number {
  if (Number.isNaN(label)) return blank === "ignore" ? NaN : 0;
  if (label !== -1) return label;
  return uncertain === "ignore" ? NaN : uncertain === "ones" ? 1 : 0;
}

/**
 * The view in a radiograph's description: "frontal" for "AP" and "PA", "lateral" for "LL", otherwise the text itself.
 */
export function viewOf(text: string): string {
  const word = text.trim().toLowerCase();
  if (/^(frontal|ap|pa|antero-?posterior|postero-?anterior)(?![a-z0-9])/.test(word)) return "frontal";
  if (/^(lateral|l|ll|rl|(left|right) lateral)(?![a-z0-9])/.test(word)) return "lateral";
  return word;
}

/** How the paths of CheXpert and MIMIC-CXR name the patient. */
const patientPatterns: readonly RegExp[] = [/(?:^|\/)(patient\d+)\//, /(?:^|\/)(p\d{8})\//];

/** The patient in a path of CheXpert or MIMIC-CXR; undefined for other paths. */
export function patientInPath(path: string): string | undefined {
  for (const pattern of patientPatterns) {
    const found = pattern.exec(path);
    if (found) return found[1];
  }
  return undefined;
}

/**
 * Returns a function that finds the patient in a path by a regular expression: the text of its first group, or its
 * whole match if it has no group.
 *
 * @throws {UsageError} if `pattern` is not a regular expression; the function throws it if a path does not match
 */
export function patientFinder(pattern: string): (path: string) => string {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, "u");
  } catch (error) {
    const reason = (error as Error).message.split(": ").at(-1);
    throw new UsageError(`--patient_pattern ${pattern}: expected a regular expression (${reason})`);
  }
  return (path) => {
    const found = expression.exec(path);
    const patient = found?.[1] ?? found?.[0];
    if (!patient) throw new UsageError(`--patient_pattern ${pattern}: does not match ${path}`);
    return patient;
  };
}

/**
 * Whether a patient's images are for training. This depends on the patient's name and the seed alone, so images and
 * patients that are added later move nobody to the other side.
 *
 * @param share part of the patients that are for training on average, from 0 to 1
 */
export function isForTraining(patient: string, share: number, seed: number): boolean {
  return randomUniform(joinKeys(seed, keyOf(patient)), 0) < share;
}
