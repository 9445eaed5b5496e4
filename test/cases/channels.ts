/** Cases of the operations that move channels. */

import { apply } from "../../src/graph/tensor.ts";
import { channelsLast, concat, sliceChannels } from "../../src/ops/channels.ts";
import { cast } from "../../src/ops/elementwise.ts";
import { operations } from "../../src/ops/table.ts";
import { type CaseDetails, type CaseFamily, casesFor, refusalsOf, sameShapes } from "../case_values.ts";
import { image, tensor, x } from "./tensors.ts";

function concatenated(
  name: string,
  [batch, height, width]: [number, number, number],
  channels: number[],
): CaseDetails {
  const inputs = channels.map((count) => ({ shape: [batch, count, height, width] }));
  return { name, inputs, attributes: { axis: 1 } };
}

function slice(shape: number[], start: number, count: number): CaseDetails {
  return {
    name: `${start} to ${start + count} of ${shape[1]}`,
    inputs: [{ shape }],
    attributes: { start, count },
  };
}

export const channels: CaseFamily = {
  cases: [
    ...casesFor("channels_last", {
      build: ([x], { start = 0, count = x!.shape[0]! }) => channelsLast(x!, { start, count }),
      gradients: "none",
      accuracy: "element",
      golden: true,
    }, [
      ...sameShapes(1, [[1, 1, 1, 1], [2, 3, 5, 7], [8, 33, 3, 3], [1, 128, 6, 8]]),
      {
        name: "images 1 to 3 of 4",
        inputs: [{ shape: [4, 5, 3, 2] }],
        attributes: { start: 1, count: 2 },
        golden: false,
      },
    ]),
    ...casesFor(
      "concat",
      { build: (inputs) => concat(inputs), gradients: "all", accuracy: "element", golden: true },
      [
        concatenated("64 and 128", [2, 4, 4], [64, 128]),
        concatenated("64 and 64, 48 pixels", [1, 6, 8], [64, 64]),
        concatenated("one and one", [2, 5, 7], [1, 1]),
        concatenated("no multiples of four", [3, 3, 5], [3, 2]),
        concatenated("three inputs", [2, 3, 4], [1, 2, 33]),
        concatenated("five inputs", [1, 2, 2], [4, 8, 3, 1, 32]),
      ],
    ),
    ...casesFor("slice_channels", {
      build: ([x], { start, count }) => sliceChannels(x!, start, count),
      gradients: "all",
      accuracy: "element",
      golden: true,
    }, [
      slice([2, 192, 2, 3], 0, 64),
      slice([2, 192, 2, 3], 64, 128),
      slice([2, 5, 5, 7], 1, 3),
      slice([3, 33, 3, 4], 31, 2),
      slice([1, 4, 1, 2], 0, 4),
    ]),
    ...casesFor("place_channels", {
      build: (inputs, attributes) => apply(operations.place_channels, inputs, attributes),
      gradients: "all",
      accuracy: "element",
    }, [
      { name: "1 to 4 of 5", inputs: [{ shape: [2, 3, 5, 7] }], attributes: { start: 1, channels: 5 } },
      { name: "31 to 33 of 33", inputs: [{ shape: [3, 2, 3, 4] }], attributes: { start: 31, channels: 33 } },
      { name: "all of 4", inputs: [{ shape: [1, 4, 1, 2] }], attributes: { start: 0, channels: 4 } },
    ]),
  ],
  refusals: [
    ...refusalsOf("channels_last", [
      ["layout", () => channelsLast(x), "[2,4,5,7], channels_last"],
      ["axes", () => channelsLast(tensor([4, 5])), "[4,5]"],
    ]),
    ...refusalsOf("concat", [
      ["no inputs", () => concat([]), "0"],
      ["sides", () => concat([x, image(2, 4, 5, 8)]), "[2,4,5,7] and [2,4,5,8]"],
      ["images", () => concat([x, image(3, 1, 5, 7)]), "[2,4,5,7] and [3,1,5,7]"],
      ["flat", () => concat([x, tensor([2, 4, 5, 7])]), "[2,4,5,7], flat"],
      ["two kinds of floats", () => concat([x, cast(x, "f16")]), "f32 and f16"],
    ]),
    ...refusalsOf("slice_channels", [
      ["beyond the last channel", () => sliceChannels(x, 2, 3), "2 to 5", "4"],
      ["nothing", () => sliceChannels(x, 2, 0), "2 to 2", "4"],
      ["before the start", () => sliceChannels(x, -1, 2), "-1 to 1", "4"],
    ]),
    ...refusalsOf("place_channels", [
      [
        "beyond the last channel",
        () => apply(operations.place_channels, [x], { start: 2, channels: 5 }),
        "2 to 6",
        "5",
      ],
    ]),
  ],
};
