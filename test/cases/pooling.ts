/** Cases of max-pooling and average pooling. */

import { apply } from "../../src/graph/tensor.ts";
import { averagePool2d, averagePool2dGradient, globalAveragePool2d } from "../../src/ops/average_pooling.ts";
import { images } from "../../src/ops/inputs.ts";
import { maxPool2d, maxPool2dGradient } from "../../src/ops/max_pooling.ts";
import { operations } from "../../src/ops/table.ts";
import { type CaseDetails, type CaseFamily, type CaseInput, casesFor, refusalsOf } from "../case_values.ts";
import { image, tensor, x } from "./tensors.ts";

interface PoolOptions {
  stride?: [number, number];
  padding?: [number, number, number, number];
  ceilMode?: boolean;
  countIncludePadding?: boolean;
  /** What the values are; default: spread over [−100, 100). */
  values?: Omit<CaseInput, "shape">;
}

type Pool = [name: string, x: number[], kernel: [number, number], options?: PoolOptions];

/** Values lie far apart, so that finite differences do not change which of them is the largest. */
const apart = { low: -100, high: 100 };

function pool([name, shape, kernel, options = {}]: Pool): CaseDetails {
  const { stride = kernel, padding = [0, 0, 0, 0], values = apart, ...modes } = options;
  return { name, inputs: [{ shape, ...values }], attributes: { kernel, stride, padding, ...modes } };
}

const stem: PoolOptions = { stride: [2, 2], padding: [1, 1, 1, 1] };

const windows: Pool[] = [
  ["one by one", [1, 1, 1, 1], [1, 1]],
  ["2x2, the transition of DenseNet", [2, 128, 8, 8], [2, 2]],
  ["2x2, 33 channels", [8, 33, 6, 6], [2, 2]],
  ["2x2 leaves a rim unread", [1, 2, 5, 7], [2, 2]],
  ["2x2, stride 3 leaves gaps", [2, 3, 8, 10], [2, 2], { stride: [3, 3] }],
  ["3x3, the stem of DenseNet", [2, 64, 16, 16], [3, 3], stem],
  ["3x3, a single pixel", [2, 3, 1, 1], [3, 3], stem],
  ["3x3, odd size and channels", [2, 5, 7, 9], [3, 3], stem],
  ["3x3, stride 1", [3, 4, 5, 6], [3, 3], { stride: [1, 1], padding: [1, 1, 1, 1] }],
  ["3x2, stride 2 by 1", [2, 6, 7, 5], [3, 2], { stride: [2, 1], padding: [1, 0, 1, 0] }],
  ["1x4, stride 1 by 3", [2, 3, 3, 11], [1, 4], { stride: [1, 3], padding: [0, 2, 0, 2] }],
  ["3x3, uneven padding", [2, 5, 6, 8], [3, 3], { stride: [2, 2], padding: [0, 1, 2, 0] }],
  ["5x5, padding 2", [1, 3, 6, 7], [5, 5], { stride: [3, 2], padding: [2, 2, 2, 2] }],
  ["16x16, as many places as a byte counts", [1, 3, 16, 20], [16, 16], { stride: [1, 1] }],
  ["3x3, the last window hangs over", [2, 5, 6, 8], [3, 3], { stride: [2, 2], ceilMode: true }],
  ["3x3, padded, the last window hangs over", [1, 4, 6, 8], [3, 3], { ...stem, ceilMode: true }],
  // A second window would begin in the 6×6 padded input, but below and to the right of the input itself.
  ["3x3, no window in the padding alone", [2, 3, 4, 4], [3, 3], {
    stride: [5, 5],
    padding: [1, 1, 1, 1],
    ceilMode: true,
  }],
];

const maxPoolCases = casesFor("max_pool2d", {
  build: ([x], window) => maxPool2d(x!, window),
  gradients: "all",
  accuracy: "element",
  golden: true,
}, [
  ...windows.map(pool),
  pool(["all below zero", [2, 5, 5, 7], [3, 3], { ...stem, values: { low: -9, high: -1 } }]),
  {
    ...pool(["equal maxima", [2, 5, 8, 9], [3, 3], {
      ...stem,
      values: { low: -2, high: 2, kind: "integers" },
    }]),
    hasKinks: true,
  },
]);

const averagePoolCases = casesFor(
  "average_pool2d",
  { build: ([x], window) => averagePool2d(x!, window), gradients: "all", golden: true },
  [
    ...windows,
    ...windows.filter(([, , , options]) => options?.padding).map(([name, x, kernel, options]): Pool => [
      `${name}, padding not counted`,
      x,
      kernel,
      { ...options, countIncludePadding: false },
    ]),
  ].map(pool),
);

const imageShapes = [
  [1, 1, 1, 1],
  [3, 5, 1, 1],
  [2, 3, 5, 7],
  [8, 33, 3, 3],
  [2, 128, 16, 16],
  [1, 1024, 2, 2],
];

const globalCases = casesFor(
  "global_average_pool2d",
  { build: ([x]) => globalAveragePool2d(x!), gradients: "all", golden: true },
  imageShapes.map((shape) => ({ name: shape.join("x"), inputs: [{ shape }] })),
);

/** PyTorch has no counterparts of these operations, but they compute the gradients that its goldens check. */
const gradientCases = [
  ...casesFor("max_pool2d_gradient", {
    accepts: [images(), images("upstream gradient")],
    build: ([x, upstream], window) => maxPool2dGradient(maxPool2d(x!, window), upstream!),
    gradients: "none",
  }, [{
    name: "overlapping",
    inputs: [{ shape: [2, 5, 7, 9], ...apart }, { shape: [2, 5, 4, 5] }],
    attributes: { kernel: [3, 3], ...stem },
  }]),
  ...casesFor("average_pool2d_gradient", {
    build: (inputs, attributes) => apply(operations.average_pool2d_gradient, inputs, attributes),
    gradients: "none",
  }, [{
    name: "overlapping",
    inputs: [{ shape: [2, 5, 4, 5] }],
    attributes: { kernel: [3, 3], ...stem, size: [7, 9] },
  }]),
];

/** A window that moves by one. */
const window = (kernel: [number, number], padding = 0) =>
  ({ kernel, stride: [1, 1], padding: [padding, padding, padding, padding] }) as const;

export const pooling: CaseFamily = {
  cases: [...maxPoolCases, ...averagePoolCases, ...globalCases, ...gradientCases],
  refusals: [
    ...refusalsOf("max_pool2d", [
      ["flat", () => maxPool2d(tensor([2, 4, 5, 7]), window([3, 3])), "[2,4,5,7], flat"],
      ["window", () => maxPool2d(x, window([6, 3])), "[6,3]", "[2,4,5,7]"],
      ["padding", () => maxPool2d(x, window([4, 2], 2)), "[2,2,2,2]", "[4,2]"],
      ["places", () => maxPool2d(image(1, 1, 20, 20), window([16, 17])), "[16,17]", "256"],
    ]),
    ...refusalsOf("max_pool2d_gradient", [
      ["upstream", () => maxPool2dGradient(maxPool2d(x, window([3, 3])), x), "[2,4,3,5]"],
    ]),
    ...refusalsOf("average_pool2d", [
      ["window", () => averagePool2d(x, window([6, 3])), "[6,3]", "[2,4,5,7]"],
      ["padding", () => averagePool2d(x, window([4, 2], 2)), "[2,2,2,2]", "[4,2]"],
    ]),
    ...refusalsOf("average_pool2d_gradient", [
      ["upstream", () => averagePool2dGradient(x, x, window([3, 3])), "[2,4,3,5]", "[2,4,5,7]"],
    ]),
    ...refusalsOf("global_average_pool2d", [
      ["flat", () => globalAveragePool2d(tensor([2, 4])), "[2,4], flat"],
    ]),
  ],
};
