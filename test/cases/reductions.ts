/** Cases of the operations that add up tensors, and of their gradients. */

import { apply } from "../../src/graph/tensor.ts";
import { channelSum } from "../../src/ops/channel_sum.ts";
import { mean, mse, sum } from "../../src/ops/reduce.ts";
import { operations } from "../../src/ops/table.ts";
import { type CaseFamily, casesFor, refusalsOf, sameShapes } from "../case_values.ts";
import { codes, image, tensor, x } from "./tensors.ts";

const images = [[1, 1, 1, 1], [2, 3, 5, 7], [1, 64, 6, 8], [8, 33, 3, 3], [2, 128, 16, 16], [8, 3, 64, 64]];
const vectors = [[7], [513]];
const spreadShapes = [[7], [16, 48], [1, 1, 1, 1], [2, 3, 5, 7], [8, 33, 3, 3]];

export const reductions: CaseFamily = {
  cases: [
    ...casesFor(
      "sum",
      { build: ([x]) => sum(x!), gradients: "all", golden: true },
      sameShapes(1, [...images, ...vectors]),
    ),
    ...casesFor("mean", {
      build: ([x]) => mean(x!),
      accepts: operations.sum.inputs,
      gradients: "all",
      golden: true,
    }, sameShapes(1, [...images, ...vectors])),
    ...casesFor(
      "mse",
      { build: ([a, b]) => mse(a!, b!), gradients: "all", golden: true },
      sameShapes(2, [...images, [7]]),
    ),
    ...casesFor(
      "channel_sum",
      { build: ([x]) => channelSum(x!), gradients: "none", golden: true },
      sameShapes(1, images),
    ),
    ...casesFor(
      "spread",
      {
        build: (inputs, attributes) => apply(operations.spread, inputs, attributes),
        gradients: "none",
        accuracy: "element",
      },
      spreadShapes.map((shape) => ({
        name: shape.join("x"),
        inputs: [{ shape: [] }, { shape }],
        attributes: { factor: -1.5 },
      })),
    ),
  ],
  refusals: [
    ...refusalsOf("sum", [["integers", () => sum(codes(2, 3)), "u32 [2,3]"]]),
    ...refusalsOf("mse", [["shapes", () => mse(x, image(2, 3, 5, 7)), "[2,4,5,7]", "[2,3,5,7]"]]),
    ...refusalsOf("channel_sum", [["flat", () => channelSum(tensor([2, 4])), "[2,4], flat"]]),
    ...refusalsOf("spread", [
      [
        "upstream",
        () => apply(operations.spread, [x, x], { factor: 1 }),
        "upstream gradient",
        "f32, flat []",
        "[2,4,5,7]",
      ],
    ]),
  ],
};
