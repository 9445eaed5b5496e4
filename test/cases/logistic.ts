/** Cases of the sigmoid and of its loss. */

import { apply } from "../../src/graph/tensor.ts";
import { logisticLoss } from "../../src/ops/logistic_loss.ts";
import { sigmoid } from "../../src/ops/sigmoid.ts";
import { operations } from "../../src/ops/table.ts";
import { type CaseDetails, type CaseFamily, type CaseInput, casesFor, refusalsOf } from "../case_values.ts";
import { codes, image, weight, x } from "./tensors.ts";

function logits(shape: number[], high = 4): CaseDetails {
  return { name: `${shape.join("x") || "a scalar"}, up to ${high}`, inputs: [{ shape, low: -high, high }] };
}

const sigmoidCases = casesFor(
  "sigmoid",
  { build: ([x]) => sigmoid(x!), gradients: "all", accuracy: "element", golden: true },
  [
    ...[[], [1], [7], [16, 48], [2, 3, 5, 7], [64, 14, 1, 1], [3, 1, 1, 1]].map((shape) => logits(shape)),
    logits([16, 48], 200),
    logits([64, 14, 1, 1], 200),
  ],
);

/** `loss` names PyTorch's function: see test/golden/classifier_operations.py. */
function loss(
  name: string,
  shape: number[],
  high: number,
  loss: "bce" | "bce_with_logits" | "bounded_softplus",
  weights: Omit<CaseInput, "shape"> = { low: 0, high: 1 },
): CaseDetails {
  const weight = { shape, ...weights };
  return { name, inputs: [{ shape, low: -high, high }, weight, weight], attributes: { loss } };
}

const wholeWeights = { low: 0, high: 2, kind: "integers" as const };

const lossCases = casesFor("logistic_loss", {
  build: ([logits, positive, negative]) => logisticLoss(logits!, positive!, negative!),
  gradients: [0],
  golden: true,
}, [
  loss("one logit", [1, 1, 1, 1], 3, "bce"),
  loss("14 classes", [64, 14, 1, 1], 6, "bce"),
  loss("weights, and labels between zero and one", [7, 5, 1, 1], 4, "bce"),
  loss("flat", [9, 3], 4, "bce"),
  loss("labels that are missing", [16, 6, 1, 1], 8, "bce", wholeWeights),
  loss("pos_weight", [16, 14, 1, 1], 4, "bce_with_logits"),
  loss("pos_weight, labels that are missing", [5, 3, 1, 1], 20, "bce_with_logits", wholeWeights),
  loss("losses near zero", [3, 4, 1, 1], 25, "bce", wholeWeights),
  loss("beyond the bound of 100", [32, 5, 1, 1], 150, "bounded_softplus"),
]);

const gradientShapes = [[7], [2, 3, 5, 7], [64, 14, 1, 1]];

/** PyTorch has no counterparts of these operations, but they compute the gradients that its goldens check. */
const gradientCases = [
  ...casesFor(
    "sigmoid_gradient",
    {
      build: (inputs) => apply(operations.sigmoid_gradient, inputs, undefined),
      gradients: "none",
      accuracy: "element",
    },
    gradientShapes.map((shape) => ({
      name: shape.join("x"),
      inputs: [{ shape }, { shape, low: 0, high: 1 }],
    })),
  ),
  ...casesFor(
    "logistic_loss_gradient",
    {
      build: (inputs) => apply(operations.logistic_loss_gradient, inputs, undefined),
      gradients: "none",
      accuracy: "element",
    },
    gradientShapes.flatMap((shape) =>
      [4, 200].map((high) => ({
        name: `${shape.join("x")}, up to ${high}`,
        inputs: [{ shape, low: -high, high }, { shape, low: 0 }, { shape, low: 0 }, { shape: [] }],
      }))
    ),
  ),
];

export const logistic: CaseFamily = {
  cases: [...sigmoidCases, ...lossCases, ...gradientCases],
  refusals: [
    ...refusalsOf("sigmoid", [
      ["layout", () => sigmoid(weight(2, 4, 1, 1)), "[2,4,1,1], taps_first"],
      ["integers", () => sigmoid(codes(2, 3)), "u32 [2,3]"],
    ]),
    ...refusalsOf("logistic_loss", [
      ["weights", () => logisticLoss(x, x, image(2, 4, 7, 5)), "[2,4,5,7]", "[2,4,7,5]"],
      ["labels", () => logisticLoss(x, codes(2, 4, 5, 7), x), "[2,4,5,7]", "flat"],
    ]),
    ...refusalsOf("logistic_loss_gradient", [
      [
        "upstream",
        () => apply(operations.logistic_loss_gradient, [x, x, x, x], undefined),
        "upstream gradient",
        "f32, flat []",
        "[2,4,5,7]",
      ],
    ]),
  ],
};
