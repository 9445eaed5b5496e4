/** Counts of a data file's images, patients and labels. */

import type { Entry } from "./listing.ts";

/** How often the list has each kind of label for a class. */
export interface ClassTally {
  name: string;
  positive: number;
  negative: number;
  uncertain: number;
  blank: number;
}

/** Counts the images that go into a file. */
export class Tally {
  images = 0;
  readonly classes: readonly ClassTally[];
  private readonly patientNames = new Set<string>();

  constructor(classNames: readonly string[]) {
    this.classes = classNames.map((name) => ({ name, positive: 0, negative: 0, uncertain: 0, blank: 0 }));
  }

  /** Number of different patients. */
  get patients(): number {
    return this.patientNames.size;
  }

  /** Counts the `frames` images of one entry, all of the same patient. */
  add({ labels }: Entry, patient: string, frames: number): void {
    this.images += frames;
    this.patientNames.add(patient);
    labels.forEach((label, index) => this.classes[index]![kindOf(label)] += frames);
  }
}

function kindOf(label: number): Exclude<keyof ClassTally, "name"> {
  if (Number.isNaN(label)) return "blank";
  return label === 1 ? "positive" : label === 0 ? "negative" : "uncertain";
}
