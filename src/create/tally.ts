import type { Entry } from "./listing.ts";

/** How often a class is labelled in which way, as the list has it. */
export interface ClassTally {
  name: string;
  positive: number;
  negative: number;
  uncertain: number;
  blank: number;
}

/** Counts what goes into a file. */
export class Tally {
  images = 0;
  readonly classes: readonly ClassTally[];
  readonly #patients = new Set<string>();

  constructor(classNames: readonly string[]) {
    this.classes = classNames.map((name) => ({ name, positive: 0, negative: 0, uncertain: 0, blank: 0 }));
  }

  get patients(): number {
    return this.#patients.size;
  }

  /** Counts `frames` images of one entry, which show `patient`. */
  add({ labels }: Entry, patient: string, frames: number): void {
    this.images += frames;
    this.#patients.add(patient);
    labels.forEach((label, index) => {
      const kind = Number.isNaN(label)
        ? "blank"
        : label === 1
        ? "positive"
        : label === 0
        ? "negative"
        : "uncertain";
      this.classes[index]![kind] += frames;
    });
  }
}
