/** Cases of the operations that stand in backward passes and updates only. PyTorch has none of them by itself: no goldens. */

import type { CaseInput, OperationCase } from "./case_values.ts";

const scalar: CaseInput = { shape: [] };
const shapes = [[7], [16, 48], [1, 1, 1, 1], [2, 3, 5, 7], [8, 33, 3, 3]];

function inner(
  operation: string,
  name: string,
  inputs: CaseInput[],
  attributes: Record<string, unknown> = {},
): OperationCase {
  return { operation, name, inputs, attributes };
}

const elementwiseCases = shapes.flatMap((shape) => [
  inner("relu_gradient", shape.join("x"), [{ shape }, { shape, low: -1, high: 3, kind: "integers" }]),
  inner("mse_gradient", shape.join("x"), [{ shape }, { shape }, scalar]),
  inner("spread", shape.join("x"), [scalar, { shape }], { factor: -1.5 }),
]);

const channelCases = [
  inner("place_channels", "1 to 4 of 5", [{ shape: [2, 3, 5, 7] }], { start: 1, channels: 5 }),
  inner("place_channels", "31 to 33 of 33", [{ shape: [3, 2, 3, 4] }], { start: 31, channels: 33 }),
  inner("place_channels", "all of 4", [{ shape: [1, 4, 1, 2] }], { start: 0, channels: 4 }),
];

function weightGradient(
  name: string,
  x: number[],
  upstream: number[],
  kernel: [number, number],
  stride: number,
  padding: number,
): OperationCase {
  const window = { stride: [stride, stride], padding: [padding, padding, padding, padding] };
  return inner("conv2d_weight_gradient", name, [{ shape: x }, { shape: upstream }], { ...window, kernel });
}

const weightGradientCases = [
  weightGradient("one position", [1, 1, 1, 1], [1, 1, 1, 1], [1, 1], 1, 0),
  weightGradient("odd channels", [2, 3, 5, 7], [2, 5, 5, 7], [3, 3], 1, 1),
  weightGradient("split over 512 positions", [2, 5, 16, 16], [2, 6, 16, 16], [3, 3], 1, 1),
  weightGradient(
    "split over 2048 positions, the last chunk short",
    [1, 4, 45, 45],
    [1, 8, 45, 45],
    [
      1,
      1,
    ],
    1,
    0,
  ),
  weightGradient("halving, split", [4, 3, 32, 30], [4, 7, 16, 15], [4, 4], 2, 1),
];

/** Rows of code statistics: sums (here whole numbers, too) and, fourth from the end, how many positions a code has. */
function statistics(codes: number, quads: number, high = 9): CaseInput {
  return { shape: [codes, 4 * (quads + 1)], low: 0, high, kind: "integers" };
}

const codebookCases = [
  // Enough positions for several a thread.
  inner("nearest_code", "700 positions", [{ shape: [2, 6, 25, 14] }, { shape: [6, 20] }]),
  // Enough positions for each code's sum to be split.
  inner("code_statistics", "16900 positions", [
    { shape: [4, 5, 65, 65] },
    { shape: [4, 65, 65], low: 0, high: 16, kind: "codes" },
  ], { codes: 16 }),
  inner("perplexity", "one code", [statistics(1, 1)]),
  inner("perplexity", "33 codes", [statistics(33, 2)]),
  inner("perplexity", "512 codes, one used at most", [statistics(512, 1, 1)]),
  inner("perplexity", "512 codes", [statistics(512, 16)]),
  inner("count_codes", "one code", [statistics(1, 1), { shape: [1], low: 0, high: 9, kind: "codes" }]),
  inner("count_codes", "100 codes", [
    statistics(100, 2),
    { shape: [100], low: 0, high: 1e6, kind: "codes" },
  ]),
];

function restart(name: string, x: number[], codes: number, threshold: number): OperationCase {
  const codebook = { shape: [x[1]!, codes] };
  const key: CaseInput = { shape: [4], low: 0, high: 2 ** 32, kind: "codes" };
  const inputs = [{ shape: x }, key, codebook, codebook, { shape: [codes], low: 0, high: 2 }];
  return inner("restart_codes", name, inputs, { threshold, size: 2 * threshold });
}

const restartCases = [
  restart("half of 64 codes", [2, 8, 4, 4], 64, 1),
  restart("dim 1", [3, 1, 5, 7], 9, 1),
  restart("dim 5, every code", [1, 5, 3, 3], 100, 2.5),
  restart("dim 300, more quads than threads", [1, 300, 2, 3], 6, 1.5),
  restart("no code", [1, 4, 2, 2], 5, 0),
];

/** Inputs: the step, whose third number is the slot, the ring, then the scalars. */
function record(slots: number, scalars: number): OperationCase {
  const step: CaseInput = { shape: [4], low: 0, high: slots, kind: "integers" };
  const ring = { shape: [slots, scalars] };
  const inputs = [step, ring, ...Array.from({ length: scalars }, () => scalar)];
  return inner("record", `${scalars} scalars into ${slots} slots`, inputs);
}

/** Inputs: the step, whose third number is the slot, the ring, then the tensor. */
function recordRows(
  slots: number,
  shape: [number, number, number, number],
  part = 0,
  parts = 1,
): OperationCase {
  const step: CaseInput = { shape: [4], low: 0, high: slots, kind: "integers" };
  const [images, ...rest] = shape;
  const inputs = [step, { shape: [slots * parts * images, ...rest] }, { shape }];
  const name = `${shape.join("x")} into ${slots} slots${parts > 1 ? `, part ${part} of ${parts}` : ""}`;
  return inner("record_rows", name, inputs, { part, parts });
}

export const innerOperationCases: readonly OperationCase[] = [
  ...elementwiseCases,
  ...channelCases,
  ...weightGradientCases,
  ...codebookCases,
  ...restartCases,
  record(1, 1),
  record(64, 5),
  record(5, 6),
  record(3, 14),
  recordRows(1, [1, 1, 1, 1]),
  recordRows(64, [4, 14, 1, 1]),
  recordRows(3, [65, 5, 2, 1]),
  recordRows(5, [2, 14, 1, 1], 1, 3),
  inner("channels_last", "images 1 to 3 of 4", [{ shape: [4, 5, 3, 2] }], { start: 1, count: 2 }),
];
