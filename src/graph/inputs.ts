/** What an operation accepts as its inputs: layouts and element types, checked in one place for every operation. */

import type { DataType, Layout, TensorType } from "./layout.ts";

/** What an operation accepts as one of its inputs. Sizes are not part of it: `infer` checks those. */
export interface InputRule {
  /** What errors call the input, such as "weight". */
  readonly name: string;
  /** The layouts that the operation can read. */
  readonly layouts: readonly Layout[];
  /**
   * The names of the axes, for operations that fix their number; by default as many as the layout has, any for `flat`.
   */
  readonly axes?: readonly string[];
  /** The element types that it can read: with `f16` among them, the input may be stored as float16. */
  readonly dtypes: readonly DataType[];
  /** How often the input occurs; default: once. Only the last rules of a list may be optional or repeated. */
  readonly occurs?: "optional" | "repeated";
}

/** Every layout. */
export const layoutNames: readonly Layout[] = ["flat", "channels_last", "taps_first", "codes_first"];

/** The rule for any number of inputs of any kind. */
export function anyInputs(name: string): InputRule {
  return { name, layouts: layoutNames, dtypes: ["f32", "f16", "u32"], occurs: "repeated" };
}

/** The axes of a layout that fixes their number. */
const layoutAxes: Readonly<Partial<Record<Layout, readonly string[]>>> = {
  channels_last: ["B", "C", "H", "W"],
  taps_first: ["N", "M", "height", "width"],
  codes_first: ["dim", "codes"],
};

/** The rule for the input at `index`; undefined if the operation takes no such input. */
export function ruleAt(rules: readonly InputRule[], index: number): InputRule | undefined {
  const last = rules.at(-1);
  return rules[index] ?? (last?.occurs === "repeated" ? last : undefined);
}

/**
 * Checks the inputs of an operation against its rules.
 *
 * @throws {RangeError} if an input is missing, is one too many, or has another layout or element type
 */
export function checkInputs(
  operation: string,
  rules: readonly InputRule[],
  inputs: readonly TensorType[],
): void {
  const required = rules.filter(({ occurs }) => occurs === undefined).length;
  if (inputs.length < required || (inputs.length > 0 && !ruleAt(rules, inputs.length - 1))) {
    const names = rules.map(({ name, occurs }) => occurs ? `${name} (${occurs})` : name);
    throw new RangeError(
      `Cannot run ${operation} as it has ${inputs.length} inputs; expected: ${names.join(", ") || "none"}`,
    );
  }
  for (const [index, input] of inputs.entries()) checkInput(operation, ruleAt(rules, index)!, input);
}

function checkInput(
  operation: string,
  { name, layouts, axes, dtypes }: InputRule,
  { shape, dtype, layout }: TensorType,
): void {
  const axesOf = (each: Layout) => axes ?? layoutAxes[each];
  const isExpected = layouts.includes(layout) && dtypes.includes(dtype) &&
    (axesOf(layout)?.length ?? shape.length) === shape.length;
  if (isExpected) return;
  const expected = layouts.map((each) => axesOf(each) ? `${each} [${axesOf(each)!.join(", ")}]` : each);
  throw new RangeError(
    `Cannot run ${operation} as the ${name} must be ${dtypes.join(" or ")}, ${
      expected.join(" or ")
    }: ${dtype} [${shape}], ${layout}`,
  );
}
