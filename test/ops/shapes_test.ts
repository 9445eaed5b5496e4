/** Shapes that do not fit are refused by the operation's name, with both shapes; those that fit give the shape that PyTorch gives. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { type DataType, floatType, type Layout } from "../../src/graph/layout.ts";
import { type AnyOperation, apply, type Tensor } from "../../src/graph/tensor.ts";
import { averagePool2d, averagePool2dGradient, globalAveragePool2d } from "../../src/ops/average_pooling.ts";
import { channelsLast, concat, sliceChannels } from "../../src/ops/channels.ts";
import { channelSum } from "../../src/ops/channel_sum.ts";
import { codeStatistics, gatherCode, nearestCode, perplexity } from "../../src/ops/codebook.ts";
import { conv2d, convTranspose2d } from "../../src/ops/convolution/conv2d.ts";
import { conv2dWeightGradient } from "../../src/ops/convolution/weight_gradient.ts";
import type { Window } from "../../src/ops/convolution/window.ts";
import { countNonFinite } from "../../src/ops/loss_scale.ts";
import { halfCopies, halfCopy } from "../../src/ops/half_copies.ts";
import { add, cast, mseGradient, multiply, relu, subtract } from "../../src/ops/elementwise.ts";
import { logisticLoss } from "../../src/ops/logistic_loss.ts";
import { maxPool2d, maxPool2dGradient } from "../../src/ops/max_pooling.ts";
import { moments as momentsOf } from "../../src/ops/moments.ts";
import { narrow } from "../../src/ops/parts.ts";
import { mse } from "../../src/ops/reduce.ts";
import { recordRows } from "../../src/ops/record_rows.ts";
import { sigmoid } from "../../src/ops/sigmoid.ts";
import { operations } from "../../src/ops/table.ts";
import { adam } from "../../src/ops/adam.ts";
import { countCodes, emaUpdate, record, restartCodes } from "../../src/ops/updates.ts";
import { variable } from "../../src/ops/variable.ts";
import { buildCase, hasBuilder } from "../case_graph.ts";
import { operationCases } from "../operation_cases.ts";
import { readOperationGoldens } from "../golden/read.ts";

const tensor = (shape: number[], layout: Layout = "flat", dtype: DataType = "f32") =>
  variable({ shape, layout, dtype }, "x");
const image = (...shape: number[]) => tensor(shape, "channels_last");
const weight = (...shape: number[]) => tensor(shape, "taps_first");
const codes = (...shape: number[]) => tensor(shape, "flat", "u32");
const book = (dim: number, count: number) => ({
  embed: tensor([dim, count], "codes_first"),
  embedAvg: tensor([dim, count], "codes_first"),
  clusterSize: tensor([count]),
});

const vector = tensor([4]);
const scaleState = [tensor([]), tensor([]), tensor([]), tensor([2])];
const bare = (operation: AnyOperation, ...inputs: Tensor[]) => () => apply(operation, inputs, {});

/** Of batch normalisation and of tensors in one another's memory, by operation. */
const refusedNormalisations: [string, () => Tensor, string, ...string[]][] = [
  ["channels", bare(operations.append, image(2, 3, 5, 7), image(2, 4, 5, 7)), "append", "[2,3,5,7]"],
  ["sizes", bare(operations.append, image(2, 4, 5, 7), image(2, 4, 5, 6)), "append", "[2,4,5,6]"],
  ["quads", () => narrow(image(2, 8, 5, 7), 2, 4), "narrow", "2 to 6"],
  ["slot", () => recordRows(vector, image(4, 14, 1, 1), image(3, 14, 1, 1)), "record_rows", "[3,14,1,1]"],
  ["vector", () => momentsOf(vector), "moments", "[4]"],
  [
    "upstream",
    bare(operations.moments_gradient, image(1, 5, 2, 1), image(2, 4, 5, 7), image(1, 4, 2, 1)),
    "moments_gradient",
    "[1,5,2,1]",
  ],
  ["moments", bare(operations.coefficients, image(1, 4, 3, 1), vector, vector), "coefficients", "[1,4,3,1]"],
  [
    "bias",
    bare(operations.running_coefficients, vector, vector, vector, tensor([5])),
    "running_coefficients",
    "[5]",
  ],
  [
    "coefficients",
    bare(operations.normalise, image(2, 4, 5, 7), image(1, 5, 4, 1)),
    "normalise",
    "[1,5,4,1]",
  ],
  [
    "upstream",
    bare(operations.normalise_gradient, image(2, 4, 5, 6), image(2, 4, 5, 7), image(1, 4, 4, 1)),
    "normalise_gradient",
    "[2,4,5,6]",
  ],
];

const plain: Window = { stride: [1, 1], padding: [0, 0, 0, 0] };
const x = image(2, 4, 5, 7);
const window = (kernel: [number, number], padding = 0) =>
  ({ ...plain, kernel, padding: [padding, padding, padding, padding] }) as const;
const moments = (length: number) => [tensor([length]), tensor([length])] as const;

/** What is built, the operation that refuses it, and what its message tells beside that name. */
const refused: [string, () => Tensor, string, ...string[]][] = [
  ...refusedNormalisations,
  ["three axes", () => conv2d(tensor([4, 5, 7]), weight(3, 4, 3, 3), plain), "conv2d", "[4,5,7]"],
  [
    "flat image",
    () => conv2d(tensor([2, 4, 5, 7]), weight(3, 4, 3, 3), plain),
    "conv2d",
    "[2,4,5,7], flat",
  ],
  ["in-channels", () => conv2d(x, weight(3, 5, 3, 3), plain), "conv2d", "5 != 4"],
  ["flat weight", () => conv2d(x, tensor([3, 4, 3, 3]), plain), "conv2d", "[3,4,3,3], flat"],
  ["weight of two axes", () => conv2d(x, tensor([3, 4]), plain), "conv2d", "[3,4]"],
  ["bias", () => conv2d(x, weight(3, 4, 3, 3), { ...plain, bias: tensor([4]) }), "conv2d", "3", "[4]"],
  ["window", () => conv2d(x, weight(3, 4, 6, 3), plain), "conv2d", "[6,3]", "[2,4,5,7]"],
  [
    "in-channels",
    () => convTranspose2d(x, weight(3, 4, 3, 3), plain),
    "conv_transpose2d",
    "3 != 4",
  ],
  [
    "bias",
    () => convTranspose2d(x, weight(4, 3, 3, 3), { ...plain, bias: tensor([4]) }),
    "conv_transpose2d",
    "3",
    "[4]",
  ],
  [
    "upstream",
    () => conv2dWeightGradient(x, image(2, 3, 5, 7), [3, 3], plain),
    "conv2d_weight_gradient",
    "[2,3,3,5]",
    "[2,3,5,7]",
  ],
  [
    "images",
    () => conv2dWeightGradient(x, image(1, 3, 3, 5), [3, 3], plain),
    "conv2d_weight_gradient",
    "[2,3,3,5]",
    "[1,3,3,5]",
  ],
  ["shapes", () => add(x, image(2, 4, 7, 5)), "add", "[2,4,5,7]", "[2,4,7,5]"],
  ["layouts", () => subtract(x, tensor([2, 4, 5, 7])), "subtract", "channels_last", "flat"],
  ["a scalar", () => multiply(x, tensor([])), "multiply", "[2,4,5,7]", "[]"],
  ["integers", () => relu(codes(2, 3)), "relu", "u32 [2,3]"],
  ["integers", () => cast(codes(2, 3), "f16"), "cast", "u32 [2,3]"],
  ["integers", () => countNonFinite(codes(2, 3)), "count_non_finite", "u32 [2,3]"],
  ["integers", () => halfCopy(vector, codes(2, 3)), "half_copy", "u32 [2,3]"],
  ["lengths", () => halfCopies(vector, tensor([5], "flat", "f16")), "half_copies", "f32 [5]", "f32 [4]"],
  ["floats", () => halfCopies(vector, vector), "half_copies", "f16 [4]", "f32 [4]"],
  ["step", bare(operations.loss_scale, tensor([3]), ...scaleState), "loss_scale", "f32 [4]", "f32 [3]"],
  ["two kinds of floats", () => add(x, cast(x, "f16")), "add", "f32 [2,4,5,7]", "f16 [2,4,5,7]"],
  [
    "a wide weight",
    () => conv2d(cast(x, "f16"), weight(3, 4, 3, 3), plain),
    "conv2d",
    "f16",
    "f32",
  ],
  ["two kinds of floats", () => concat([x, cast(x, "f16")]), "concat", "f32 and f16"],
  ["upstream", () => mseGradient(x, x, x), "mse_gradient", "f32 []", "[2,4,5,7]"],
  ["shapes", () => mse(x, image(2, 3, 5, 7)), "mse", "[2,4,5,7]", "[2,3,5,7]"],
  ["layout", () => channelsLast(x), "channels_last", "[2,4,5,7], channels_last"],
  ["axes", () => channelsLast(tensor([4, 5])), "channels_last", "[4,5]"],
  ["no inputs", () => concat([]), "concat", "0"],
  ["sides", () => concat([x, image(2, 4, 5, 8)]), "concat", "[2,4,5,7] and [2,4,5,8]"],
  ["images", () => concat([x, image(3, 1, 5, 7)]), "concat", "[2,4,5,7] and [3,1,5,7]"],
  ["flat", () => concat([x, tensor([2, 4, 5, 7])]), "concat", "[2,4,5,7], flat"],
  ["behind the end", () => sliceChannels(x, 2, 3), "slice_channels", "2 to 5", "4"],
  ["nothing", () => sliceChannels(x, 2, 0), "slice_channels", "2 to 2", "4"],
  ["before the start", () => sliceChannels(x, -1, 2), "slice_channels", "-1 to 1", "4"],
  [
    "behind the end",
    () => apply(operations.place_channels, [x], { start: 2, channels: 5 }),
    "place_channels",
    "2 to 6",
    "5",
  ],
  ["flat", () => channelSum(tensor([2, 4])), "channel_sum", "[2,4], flat"],
  ["flat", () => maxPool2d(tensor([2, 4, 5, 7]), window([3, 3])), "max_pool2d", "[2,4,5,7], flat"],
  ["window", () => maxPool2d(x, window([6, 3])), "max_pool2d", "[6,3]", "[2,4,5,7]"],
  ["padding", () => maxPool2d(x, window([4, 2], 2)), "max_pool2d", "[2,2,2,2]", "[4,2]"],
  ["places", () => maxPool2d(image(1, 1, 20, 20), window([16, 17])), "max_pool2d", "[16,17]", "256"],
  ["upstream", () => maxPool2dGradient(maxPool2d(x, window([3, 3])), x), "max_pool2d_gradient", "[2,4,3,5]"],
  ["window", () => averagePool2d(x, window([6, 3])), "average_pool2d", "[6,3]", "[2,4,5,7]"],
  ["padding", () => averagePool2d(x, window([4, 2], 2)), "average_pool2d", "[2,2,2,2]", "[4,2]"],
  [
    "upstream",
    () => averagePool2dGradient(x, x, window([3, 3])),
    "average_pool2d_gradient",
    "[2,4,3,5]",
    "[2,4,5,7]",
  ],
  ["flat", () => globalAveragePool2d(tensor([2, 4])), "global_average_pool2d", "[2,4], flat"],
  ["layout", () => sigmoid(weight(2, 4, 1, 1)), "sigmoid", "[2,4,1,1], taps_first"],
  ["integers", () => sigmoid(codes(2, 3)), "sigmoid", "u32 [2,3]"],
  ["weights", () => logisticLoss(x, x, image(2, 4, 7, 5)), "logistic_loss", "[2,4,5,7]", "[2,4,7,5]"],
  ["labels", () => logisticLoss(x, codes(2, 4, 5, 7), x), "logistic_loss", "[2,4,5,7]", "flat"],
  [
    "upstream",
    () => apply(operations.logistic_loss_gradient, [x, x, x, x], undefined),
    "logistic_loss_gradient",
    "f32 []",
    "[2,4,5,7]",
  ],
  ["upstream", () => apply(operations.spread, [x, x], { factor: 1 }), "spread", "f32 []", "[2,4,5,7]"],
  ["dimensions", () => nearestCode(x, tensor([3, 9], "codes_first")), "nearest_code", "[3,9]", "4"],
  ["flat codes", () => nearestCode(x, tensor([4, 9])), "nearest_code", "[4,9] flat", "codes_first"],
  ["dimensions", () => gatherCode(codes(2, 5, 7), book(3, 9).embed, x), "gather_code", "[3,9]", "4"],
  ["codes", () => gatherCode(codes(2, 7, 5), book(4, 9).embed, x), "gather_code", "[2,5,7]", "[2,7,5]"],
  ["float codes", () => gatherCode(tensor([2, 5, 7]), book(4, 9).embed, x), "gather_code", "u32", "f32"],
  ["codes", () => codeStatistics(codes(2, 35), x, book(4, 9).embed), "code_statistics", "[2,5,7]", "[2,35]"],
  ["dimensions", () => codeStatistics(codes(2, 5, 7), x, book(5, 9).embed), "code_statistics", "[5,9]", "4"],
  ["one axis", () => perplexity(tensor([36])), "perplexity", "[36]"],
  ["no quads", () => perplexity(tensor([9, 6])), "perplexity", "[9,6]"],
  ["codes", () => emaUpdate(tensor([8, 8]), book(4, 9), 0.99), "ema_update", "[9,8]", "[8,8]"],
  [
    "averages",
    () => emaUpdate(tensor([9, 8]), { ...book(4, 9), embedAvg: book(4, 8).embed }, 0.99),
    "ema_update",
    "[4,9]",
    "[4,8]",
  ],
  [
    "sizes",
    () => emaUpdate(tensor([9, 8]), { ...book(4, 9), clusterSize: tensor([4]) }, 0.99),
    "ema_update",
    "[9]",
    "[4]",
  ],
  ["counters", () => countCodes(tensor([9, 8]), codes(8)), "count_codes", "u32 [9]", "u32 [8]"],
  ["float counters", () => countCodes(tensor([9, 8]), tensor([9])), "count_codes", "u32 [9]", "f32 [9]"],
  ["dimensions", () => restartCodes(x, codes(4), book(3, 9), 1, 2), "restart_codes", "[3,9]", "4"],
  ["float key", () => restartCodes(x, tensor([4]), book(4, 9), 1, 2), "restart_codes", "u32 [4]", "f32 [4]"],
  [
    "gradients",
    () => adam(tensor([4]), tensor([8]), tensor([9]), moments(9), adamConstants),
    "adam",
    "[9]",
    "[8]",
  ],
  [
    "moments",
    () => adam(tensor([4]), tensor([9]), tensor([9]), moments(8), adamConstants),
    "adam",
    "[9]",
    "[8]",
  ],
  ["columns", () => record(tensor([4]), tensor([64, 3]), [tensor([]), tensor([])]), "record", "[64,3]", "2"],
  ["no scalar", () => record(tensor([4]), tensor([64, 1]), [tensor([1])]), "record", "f32 []", "[1]"],
];

const adamConstants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

for (const [what, build, operation, ...details] of refused) {
  Deno.test(`${operation} refuses what does not fit: ${what}`, () => {
    const { message } = assertThrows(build, RangeError);
    assert(message.startsWith(`Cannot run ${operation} `), message);
    for (const detail of details) assert(message.includes(detail), `"${message}" lacks ${detail}`);
  });
}

Deno.test("every operation refuses some shape here, or has none to refuse", () => {
  const named = new Set(refused.map(([, , operation]) => operation));
  // Any tensor can be scaled or summed, and a variable has no inputs; relu_gradient, sigmoid_gradient and the rest share their check.
  const free = ["variable", "workspace", "sum", "scale", "relu_gradient", "sigmoid_gradient"];
  assertEquals(Object.keys(operations).filter((name) => !named.has(name) && !free.includes(name)), []);
});

Deno.test("the shapes of all cases are PyTorch's", async () => {
  const goldens = await readOperationGoldens();
  for (const each of operationCases) {
    if (!each.golden || !hasBuilder(each.operation) || each.operation === "code_statistics") continue;
    const golden = goldens.find(({ operation, name }) => operation === each.operation && name === each.name)!;
    const shapes = Object.values(golden.outputs).map(({ shape }) => shape);
    const name = `${each.operation}/${each.name}`;
    assertEquals(buildCase(each).outputs.map(({ shape }) => [...shape]), shapes, name);
  }
});

Deno.test("sizes follow from stride, padding, dilation and output padding", () => {
  const window: Window = { stride: [2, 3], padding: [1, 0, 2, 1], dilation: [2, 1] };
  // (9 + 3 − 2·2 − 1) / 2 + 1 = 4 rows and (10 + 1 − 2 − 1) / 3 + 1 = 3 columns.
  assertEquals(
    conv2d(image(1, 2, 9, 10), weight(3, 2, 3, 3), window).type,
    floatType([1, 3, 4, 3], "channels_last"),
  );
  // (4 − 1)·2 − 3 + 2·2 + 1 = 8 rows and (4 − 1)·3 − 1 + 2 + 1 + 2 = 13 columns.
  assertEquals(
    convTranspose2d(image(1, 2, 4, 4), weight(2, 3, 3, 3), { ...window, outputPadding: [0, 2] })
      .type,
    floatType([1, 3, 8, 13], "channels_last"),
  );
});
