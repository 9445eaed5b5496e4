/**
 * The tuner: before a program is planned, it measures which kernel variant is the fastest on this adapter for each
 * class of shapes in the program. It keeps its findings on disk, so that the next run makes the same choices without
 * measuring.
 */

import type { Gpu } from "../gpu/device.ts";
import type { Target, Tunable } from "../graph/lowering.ts";
import { tunablesOf } from "../plan/lower.ts";
import type { Program } from "../plan/plan.ts";
import { sourcesOf } from "../plan/template.ts";
import { keyOf } from "../random.ts";
import { ChoiceStore, type Finding } from "./choice_store.ts";
import { contest } from "./contest.ts";

/** How many variants are tried: none, those that are likely to be fast, or all. */
export const tuneModes = ["off", "quick", "full"] as const;
export type TuneMode = typeof tuneModes[number];

/** What a checkpoint keeps of the tuner, so that a resumed run uses the same kernels and arrives at the same bytes. */
export interface TunerState {
  tune: TuneMode;
  /** The variant of each class of shapes. */
  choices: Record<string, string>;
}

/** Options for {@linkcode Tuner.open}. */
export interface TunerOptions {
  /**
   * How many variants to try; default: that of `saved`, else "quick" on GPUs and "off" on software adapters, for
   * which the default variants were measured.
   */
  mode?: TuneMode;
  /** The folder of the files that keep findings; by default they are kept for this run only. */
  folder?: string;
  /** The state of the run that is resumed. */
  saved?: TunerState;
  /** Prints a line about what the tuner does. */
  note(text: string): void;
}

const extents = { quick: { most: 4, runs: 5 }, full: { most: Infinity, runs: 15 } } as const;

/** Chooses kernel variants for the programs that are planned for one device. */
export class Tuner {
  private constructor(
    private readonly gpu: Gpu,
    readonly mode: TuneMode,
    private readonly store: ChoiceStore | undefined,
    private readonly note: (text: string) => void,
  ) {}

  /**
   * Reads the adapter's findings and takes over the choices of a saved state.
   *
   * @throws {DataError} if the file of findings cannot be read
   */
  static async open(gpu: Gpu, { mode, folder, saved, note }: TunerOptions): Promise<Tuner> {
    const settled = mode ?? saved?.tune ?? (gpu.adapter.software ? "off" : "quick");
    const keeps = settled !== "off" && folder !== undefined;
    const store = keeps ? await ChoiceStore.open(folder, gpu.adapter) : undefined;
    for (const [shapeClass, variant] of Object.entries(saved?.choices ?? {})) {
      gpu.choices.set(shapeClass, variant);
    }
    return new Tuner(gpu, settled, store, note);
  }

  /** What a checkpoint keeps. */
  get state(): TunerState {
    return { tune: this.mode, choices: Object.fromEntries(this.gpu.choices) };
  }

  /**
   * Makes every choice that a plan of the program needs, and measures where there is no finding. Returns true if the
   * device's choices have changed, so that a plan made before is out of date.
   */
  async prepare({ results = [], effects = [] }: Program): Promise<boolean> {
    const { gpu, mode, store, note } = this;
    if (mode === "off") return false;
    const open = tunablesOf([...results, ...effects], gpu.target).filter(({ shapeClass, variants }) =>
      variants.length > 1 && !gpu.choices.has(shapeClass)
    );
    const unknown = open.map((tunable) => ({ tunable, source: sourceOf(tunable, gpu.target, mode) }))
      .filter(({ tunable: { shapeClass }, source }) => {
        const finding = store?.find(shapeClass, source);
        if (finding) gpu.choices.set(shapeClass, finding.variant);
        return !finding;
      });
    if (unknown.length > 0) {
      const start = performance.now();
      note(`tuning ${unknown.length} kernels for ${gpu.adapter.name} (--tune ${mode})`);
      await this.measure(unknown, mode);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      note(`tuned in ${seconds} s${store ? `; kept in ${store.path}` : ""}`);
    }
    return open.length > 0;
  }

  private async measure(
    unknown: readonly { tunable: Tunable; source: string }[],
    mode: "quick" | "full",
  ): Promise<void> {
    const { gpu, store, note } = this;
    const findings: Record<string, Finding> = {};
    for (const { tunable, source } of unknown) {
      const { variant, milliseconds, failures } = await contest(gpu, tunable, extents[mode]);
      for (const failure of failures) note(`tuning: left out ${failure}`);
      gpu.choices.set(tunable.shapeClass, variant);
      findings[tunable.shapeClass] = { variant, source, milliseconds };
    }
    // If the findings cannot be written, the next run measures again.
    await store?.add(findings).catch((error: Error) => note(`tuning: ${error.message}`));
  }
}

/** A hash of the mode and of all kernels that the tunable's variants run. */
function sourceOf({ variants }: Tunable, target: Target, mode: TuneMode): string {
  const parts: string[] = [mode];
  for (const variant of variants) {
    parts.push(variant.name);
    variant.lower({
      target,
      dispatch: ({ kernel, constants }) => parts.push(...sourcesOf(kernel), JSON.stringify(constants)),
      choose: () => {},
    });
  }
  return keyOf(parts.join("\n")).toString(16).padStart(8, "0");
}
