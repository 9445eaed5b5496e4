/** Cases of the operations on single elements. */

import { apply } from "../../src/graph/tensor.ts";
import { add, cast, mseGradient, multiply, relu, scale, subtract } from "../../src/ops/elementwise.ts";
import { operations } from "../../src/ops/table.ts";
import { type CaseFamily, type CaseGroup, casesFor, refusalsOf, sameShapes } from "../case_values.ts";
import { codes, image, tensor, x } from "./tensors.ts";

const shapes = [[1], [7], [16, 48], [1, 1, 1, 1], [2, 3, 5, 7], [1, 128, 6, 8], [8, 33, 3, 3]];
const gradientShapes = [[7], [16, 48], [1, 1, 1, 1], [2, 3, 5, 7], [8, 33, 3, 3]];

/** What an operation has in common with the others that PyTorch has too. */
const differentiable = { gradients: "all", accuracy: "element", golden: true } as const;
const gradientOnly = { gradients: "none", accuracy: "element" } as const;

const reluGroup: CaseGroup = { ...differentiable, build: ([x]) => relu(x!) };

export const elementwise: CaseFamily = {
  cases: [
    ...casesFor("relu", reluGroup, [
      ...sameShapes(1, shapes),
      {
        name: "exact zeros",
        inputs: [{ shape: [2, 5, 4, 3], low: -1, high: 2, kind: "integers" }],
        hasKinks: true,
      },
    ]),
    ...casesFor("add", { ...differentiable, build: ([a, b]) => add(a!, b!) }, sameShapes(2, shapes)),
    ...casesFor(
      "subtract",
      { ...differentiable, build: ([a, b]) => subtract(a!, b!) },
      sameShapes(2, shapes),
    ),
    ...casesFor(
      "multiply",
      { ...differentiable, build: ([a, b]) => multiply(a!, b!) },
      sameShapes(2, shapes),
    ),
    ...casesFor("scale", { ...differentiable, build: ([x], { factor }) => scale(x!, factor) }, [
      ...sameShapes(1, [[2, 3, 5, 7]], { factor: 0.25 }),
      ...sameShapes(1, [[8, 33, 3, 3], [6]], { factor: -3 }),
    ]),
    ...casesFor(
      "cast",
      { gradients: "all", build: ([x]) => cast(x!, x!.dtype === "f16" ? "f32" : "f16") },
      // Float16 holds whole numbers of this size exactly.
      [[2, 3, 5, 7], [6]].map((shape) => ({
        name: shape.join("x"),
        inputs: [{ shape, low: -2048, high: 2048, kind: "integers" }],
      })),
    ),
    ...casesFor(
      "relu_gradient",
      { ...gradientOnly, build: (inputs) => apply(operations.relu_gradient, inputs, undefined) },
      gradientShapes.map((shape) => ({
        name: shape.join("x"),
        inputs: [{ shape }, { shape, low: -1, high: 3, kind: "integers" }],
      })),
    ),
    ...casesFor(
      "mse_gradient",
      { ...gradientOnly, build: ([a, b, upstream]) => mseGradient(a!, b!, upstream!) },
      gradientShapes.map((shape) => ({
        name: shape.join("x"),
        inputs: [{ shape }, { shape }, { shape: [] }],
      })),
    ),
  ],
  refusals: [
    ...refusalsOf("relu", [["integers", () => relu(codes(2, 3)), "u32 [2,3]"]]),
    ...refusalsOf("add", [
      ["shapes", () => add(x, image(2, 4, 7, 5)), "[2,4,5,7]", "[2,4,7,5]"],
      ["two kinds of floats", () => add(x, cast(x, "f16")), "f32 [2,4,5,7]", "f16 [2,4,5,7]"],
    ]),
    ...refusalsOf("subtract", [
      ["layouts", () => subtract(x, tensor([2, 4, 5, 7])), "channels_last", "flat"],
    ]),
    ...refusalsOf("multiply", [["a scalar", () => multiply(x, tensor([])), "[2,4,5,7]", "[]"]]),
    ...refusalsOf("cast", [["integers", () => cast(codes(2, 3), "f16"), "u32 [2,3]"]]),
    ...refusalsOf("mse_gradient", [
      ["upstream", () => mseGradient(x, x, x), "upstream gradient", "f32, flat []", "[2,4,5,7]"],
    ]),
  ],
};
