/** Cases of tensors that lie in one another's memory. */

import type { Tensor } from "../../src/graph/tensor.ts";
import { averagePool2d } from "../../src/ops/average_pooling.ts";
import { append, narrow, workspace } from "../../src/ops/parts.ts";
import { operations } from "../../src/ops/table.ts";
import { readable } from "../case_graph.ts";
import { type CaseFamily, casesFor, refusalsOf } from "../case_values.ts";
import { bare, image } from "./tensors.ts";

/** Copies a tensor into a part of a larger one, as the layers of a dense block write their results. */
function place(x: Tensor, host: Tensor, channel: number): Tensor {
  return averagePool2d(x, { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0] }, { host, channel });
}

function hostFor({ shape, dtype }: Tensor, channels: number): Tensor {
  return workspace(shape.map((extent, axis) => axis === 1 ? channels : extent), "host", dtype);
}

export const parts: CaseFamily = {
  cases: [
    ...casesFor(
      "append",
      {
        build([first, second]) {
          const width = first!.shape[1]! + second!.shape[1]!;
          const host = hostFor(first!, width + 4);
          return readable(append(place(first!, host, 4), place(second!, host, 4 + first!.shape[1]!)));
        },
        gradients: "all",
        golden: true,
      },
      [[4, 4], [8, 33], [64, 32]].map(([first, second]) => ({
        name: `${first} and ${second} channels`,
        inputs: [{ shape: [2, first!, 3, 5] }, { shape: [2, second!, 3, 5] }],
      })),
    ),
    ...casesFor(
      "narrow",
      {
        build: ([x], { start, count }) => readable(narrow(x!, start, count)),
        gradients: "none",
        golden: true,
      },
      [[0, 4], [8, 3], [4, 29]].map(([start, count]) => ({
        name: `${start} to ${start! + count!} of 33`,
        inputs: [{ shape: [2, 33, 4, 3] }],
        attributes: { start, count },
      })),
    ),
  ],
  refusals: [
    ...refusalsOf("append", [
      ["channels", bare(operations.append, image(2, 3, 5, 7), image(2, 4, 5, 7)), "[2,3,5,7]"],
      ["sizes", bare(operations.append, image(2, 4, 5, 7), image(2, 4, 5, 6)), "[2,4,5,6]"],
    ]),
    ...refusalsOf("narrow", [["quads", () => narrow(image(2, 8, 5, 7), 2, 4), "2 to 6"]]),
  ],
};
