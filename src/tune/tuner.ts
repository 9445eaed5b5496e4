/**
 * The tuner: before a program is planned, it settles which variant of each kernel is the fastest on the adapter at hand for the
 * shapes that the program has. What it finds is kept on disk, so that the next run chooses the same without measuring.
 */

import type { Gpu } from "../gpu/device.ts";
import type { Target, Tunable } from "../graph/lowering.ts";
import { tunablesOf } from "../plan/lower.ts";
import type { Program } from "../plan/plan.ts";
import { sourcesOf } from "../plan/template.ts";
import { keyOf } from "../random.ts";
import { ChoiceStore, type Finding } from "./choice_store.ts";
import { contest } from "./contest.ts";

/** How much is tried: nothing, the variants that are likely to be fast, or all of them. */
export const tuneModes = ["off", "quick", "full"] as const;
export type TuneMode = typeof tuneModes[number];

/** What a checkpoint keeps, so that a run goes on with the same kernels and so to the same bytes. */
export interface TunerState {
  tune: TuneMode;
  choices: Record<string, string>;
}

export interface TunerOptions {
  /** Quick on GPUs and off on software adapters where it is missing: the first guesses are of software adapters. */
  mode?: TuneMode;
  /** Where findings are kept; for this run only where it is missing. */
  folder?: string;
  /** Of a run that goes on. */
  saved?: TunerState;
  note(text: string): void;
}

const extents = { quick: { most: 4, runs: 5 }, full: { most: Infinity, runs: 15 } } as const;

export class Tuner {
  private constructor(
    private readonly gpu: Gpu,
    readonly mode: TuneMode,
    private readonly store: ChoiceStore | undefined,
    private readonly note: (text: string) => void,
  ) {}

  static async open(gpu: Gpu, { mode, folder, saved, note }: TunerOptions): Promise<Tuner> {
    const settled = mode ?? saved?.tune ?? (gpu.adapter.software ? "off" : "quick");
    const keeps = settled !== "off" && folder !== undefined;
    const store = keeps ? await ChoiceStore.open(folder, gpu.adapter) : undefined;
    for (const [shapeClass, variant] of Object.entries(saved?.choices ?? {})) {
      gpu.choices.set(shapeClass, variant);
    }
    return new Tuner(gpu, settled, store, note);
  }

  get state(): TunerState {
    return { tune: this.mode, choices: Object.fromEntries(this.gpu.choices) };
  }

  /** Settles all that a plan of the program has to choose; true where that has changed what the target chooses. */
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
      await this.settle(unknown, mode);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      note(`tuned in ${seconds} s${store ? `; kept in ${store.path}` : ""}`);
    }
    return open.length > 0;
  }

  private async settle(
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
    // One that cannot be kept is measured again next time.
    await store?.add(findings).catch((error: Error) => note(`tuning: ${error.message}`));
  }
}

/** Changes with how much is tried, and with any of the kernels that the tunable's variants run. */
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
