/** What a data set is made of, before any image is read. */

import { UsageError } from "../errors.ts";
import { joinKeys, keyOf, randomUniform } from "../random.ts";

/** A label as a list has it: 1 present, 0 absent, −1 uncertain, NaN not mentioned. */
export type ListedLabel = number;

/** One image file of a list. */
export interface Entry {
  /** As the list has it: relative to the data folder, or absolute. */
  path: string;
  /** One for each class. */
  labels: readonly ListedLabel[];
  /** Who is on it, where that is known. */
  patient?: string;
  /** "frontal", "lateral" or another word; where the list tells. */
  view?: string;
}

/** Image files and their labels, in the order in which they are to be written. */
export interface Listing {
  /** The file or folder that it was read from. */
  source: string;
  /** The data set's name where the list's form tells it, as "CheXpert". */
  dataset?: string;
  classNames: readonly string[];
  hasViews: boolean;
  entries: Entry[];
}

/** What becomes of labels that are neither 1 nor 0. */
export interface LabelPolicy {
  /** −1. */
  uncertain: "zeros" | "ones" | "ignore";
  /** Not mentioned. */
  blank: "zeros" | "ignore";
}

/** A listed label as the one to train on: 1, 0, or NaN where it is to be left out. */
export function trainingLabel(label: ListedLabel, { uncertain, blank }: LabelPolicy): number {
  if (Number.isNaN(label)) return blank === "ignore" ? NaN : 0;
  if (label !== -1) return label;
  return uncertain === "ignore" ? NaN : uncertain === "ones" ? 1 : 0;
}

/** The view that a radiograph's description means: "AP" and "PA" are frontal, "LL" is lateral. */
export function viewOf(text: string): string {
  const word = text.trim().toLowerCase();
  if (/^(frontal|ap|pa|antero-?posterior|postero-?anterior)\b/.test(word)) return "frontal";
  if (/^(lateral|ll|rl|(left|right) lateral)\b/.test(word)) return "lateral";
  return word;
}

/** Where CheXpert's and MIMIC-CXR's paths say who the patient is. */
const usualPatients: readonly RegExp[] = [/(?:^|\/)(patient\d+)\//, /(?:^|\/)(p\d{8})\//];

/** The patient that a path in CheXpert's or MIMIC-CXR's style names. */
export function patientInPath(path: string): string | undefined {
  for (const pattern of usualPatients) {
    const found = pattern.exec(path);
    if (found) return found[1];
  }
  return undefined;
}

/**
 * What finds the patient in a path: the first group of a regular expression, or all that it matches.
 *
 * @throws UsageError if `pattern` is no regular expression; the finder throws one for a path that does not match
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
 * Whether a patient's images are for training. It depends on the patient's name and the seed alone, so that images and patients that
 * come later move nobody to the other side; `share` of the patients are for training on average.
 */
export function isForTraining(patient: string, share: number, seed: number): boolean {
  return randomUniform(joinKeys(seed, keyOf(patient)), 0) < share;
}
