/** Cases of the operations that change variables in place: Adam, loss scaling, and records of what a step measured. */

import { adam } from "../../src/ops/adam.ts";
import { halfCopies, halfCopy } from "../../src/ops/half_copies.ts";
import { countNonFinite } from "../../src/ops/loss_scale.ts";
import { recordRows } from "../../src/ops/record_rows.ts";
import { operations } from "../../src/ops/table.ts";
import { record } from "../../src/ops/updates.ts";
import { type CaseDetails, type CaseFamily, type CaseInput, casesFor, refusalsOf } from "../case_values.ts";
import { bare, codes, image, tensor, vector } from "./tensors.ts";

const scalar: CaseInput = { shape: [] };

/** Inputs: the parameter, then the gradient of each step. */
function adamSteps(name: string, shape: number[], steps: number, scale: number, options = {}): CaseDetails {
  const gradients = Array.from({ length: steps }, () => ({ shape, low: -scale, high: scale }));
  const attributes = { lr: 3e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, steps, ...options };
  return { name, inputs: [{ shape }, ...gradients], attributes };
}

/** Several steps are no single graph: adam_test.ts runs them. */
const adamCases = casesFor("adam", { gradients: "none", golden: true }, [
  adamSteps("first step", [5, 3, 1, 1], 1, 1e-3),
  adamSteps("three steps", [8, 5, 3, 3], 3, 1e-2),
  adamSteps("ten steps of a bias", [33], 10, 1),
  adamSteps("gradients of zero", [4, 2], 2, 0),
  adamSteps("gradients near epsilon", [64], 2, 1e-8),
  adamSteps("weight decay", [5, 6, 3, 3], 3, 1e-2, { weightDecay: 1e-6 }),
  adamSteps("weight decay larger than the gradients", [33], 5, 1e-3, { weightDecay: 0.1 }),
  adamSteps("weight decay alone", [4, 2], 2, 0, { weightDecay: 1e-2 }),
  adamSteps("other constants", [3, 7], 4, 0.1, { lr: 0.01, beta1: 0.5, beta2: 0.9, epsilon: 1e-3 }),
]);

/** Inputs: the step, whose third number is the slot, the ring, then the scalars. */
function recorded(slots: number, scalars: number): CaseDetails {
  const step: CaseInput = { shape: [4], low: 0, high: slots, kind: "integers" };
  const ring = { shape: [slots, scalars] };
  const inputs = [step, ring, ...Array.from({ length: scalars }, () => scalar)];
  return { name: `${scalars} scalars into ${slots} slots`, inputs };
}

/** Inputs: the step, whose third number is the slot, the ring, then the tensor. */
function recordedRows(
  slots: number,
  shape: [number, number, number, number],
  part = 0,
  parts = 1,
): CaseDetails {
  const step: CaseInput = { shape: [4], low: 0, high: slots, kind: "integers" };
  const [images, ...rest] = shape;
  const inputs = [step, { shape: [slots * parts * images, ...rest] }, { shape }];
  const name = `${shape.join("x")} into ${slots} slots${parts > 1 ? `, part ${part} of ${parts}` : ""}`;
  return { name, inputs, attributes: { part, parts } };
}

const recordCases = casesFor("record", {
  build: ([step, ring, ...scalars]) => ({ outputs: [ring!], effects: [record(step!, ring!, scalars)] }),
  gradients: "none",
  accuracy: "element",
}, [recorded(1, 1), recorded(64, 5), recorded(5, 6), recorded(3, 14)]);

const recordRowsCases = casesFor("record_rows", {
  build: ([step, ring, x], { part, parts }) => ({
    outputs: [ring!],
    effects: [recordRows(step!, ring!, x!, part, parts)],
  }),
  gradients: "none",
}, [
  recordedRows(1, [1, 1, 1, 1]),
  recordedRows(64, [4, 14, 1, 1]),
  recordedRows(3, [65, 5, 2, 1]),
  recordedRows(5, [2, 14, 1, 1], 1, 3),
]);

const adamConstants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const moments = (length: number) => [tensor([length]), tensor([length])] as const;
const scaleState = [tensor([]), tensor([]), tensor([]), tensor([2])];

export const updates: CaseFamily = {
  cases: [...adamCases, ...recordCases, ...recordRowsCases],
  refusals: [
    ...refusalsOf("adam", [
      [
        "gradients",
        () => adam(tensor([4]), tensor([8]), tensor([9]), moments(9), adamConstants),
        "[9]",
        "[8]",
      ],
      ["moments", () => adam(tensor([4]), tensor([9]), tensor([9]), moments(8), adamConstants), "[9]", "[8]"],
    ]),
    ...refusalsOf("record", [
      ["columns", () => record(tensor([4]), tensor([64, 3]), [tensor([]), tensor([])]), "[64,3]", "2"],
      ["no scalar", () => record(tensor([4]), tensor([64, 1]), [tensor([1])]), "f32, flat []", "[1]"],
    ]),
    ...refusalsOf("record_rows", [
      ["slot", () => recordRows(vector, image(4, 14, 1, 1), image(3, 14, 1, 1)), "[3,14,1,1]"],
    ]),
    ...refusalsOf("count_non_finite", [["integers", () => countNonFinite(codes(2, 3)), "u32 [2,3]"]]),
    ...refusalsOf("half_copy", [["integers", () => halfCopy(vector, codes(2, 3)), "u32 [2,3]"]]),
    ...refusalsOf("half_copies", [
      ["lengths", () => halfCopies(vector, tensor([5], "flat", "f16")), "f32 [5]", "f32 [4]"],
      ["floats", () => halfCopies(vector, vector), "target must be f16", "f32 [4]"],
    ]),
    ...refusalsOf("loss_scale", [
      ["step", bare(operations.loss_scale, tensor([3]), ...scaleState), "f32 [4]", "f32 [3]"],
    ]),
  ],
};
