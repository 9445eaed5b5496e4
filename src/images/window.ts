/** Windows: the range of values that is shown from black to white. */

import { UsageError } from "../errors.ts";

/** The centre and the width of a window, in the units of the image's values: for CT, Hounsfield units. */
export interface Window {
  center: number;
  width: number;
}

/** Usual windows of computed tomography, in Hounsfield units. */
export const namedWindows = {
  lung: { center: -600, width: 1500 },
  bone: { center: 400, width: 1800 },
  soft_tissue: { center: 40, width: 400 },
  brain: { center: 40, width: 80 },
} as const;

/**
 * How values are shown: by a window; by a named window of computed tomography; or `auto`, by the range that the middle
 * 99 % of the file's values have, without padding.
 */
export type WindowChoice = Window | keyof typeof namedWindows | "auto";

/**
 * Reads the text of a `--window` option: C/W, the name of a window, or `auto`.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readWindow("40/400"), { center: 40, width: 400 });
 * assertEquals(readWindow("soft tissue"), "soft_tissue");
 * ```
 *
 * @throws {UsageError} if it is none of these
 */
export function readWindow(text: string): WindowChoice {
  const name = text.trim().toLowerCase().replace(/[\s-]+/g, "_");
  if (name === "auto" || name in namedWindows) return name as WindowChoice;
  const number = String.raw`\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*`;
  const match = new RegExp(`^${number}/${number}$`, "i").exec(text);
  const [center, width] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || !(width > 0)) {
    throw new UsageError(
      `--window: "${text}" is not a window; expected CENTER/WIDTH with a width above 0, for instance 40/400, or ` +
        `auto, ${Object.keys(namedWindows).join(", ")}`,
    );
  }
  return { center, width };
}

/** The window's function LINEAR: from a value to its shade, which exceeds 0 … 1 nowhere (PS3.3, C.11.2.1.2.1). */
export function linearShade({ center, width }: Window): (value: number) => number {
  if (width < 1) return exactShade({ center, width });
  return (value) => {
    if (value <= center - 0.5 - (width - 1) / 2) return 0;
    if (value > center - 0.5 + (width - 1) / 2) return 1;
    return (value - (center - 0.5)) / (width - 1) + 0.5;
  };
}

/** The window's function LINEAR_EXACT (PS3.3, C.11.2.1.3.2), from −∞ to ∞. */
export function exactShade({ center, width }: Window): (value: number) => number {
  return (value) => (value - center) / width + 0.5;
}

/** The window's function SIGMOID (PS3.3, C.11.2.1.3.1). */
export function sigmoidShade({ center, width }: Window): (value: number) => number {
  return (value) => 1 / (1 + Math.exp(-4 * (value - center) / width));
}
