/** Cases of batch normalisation and of tensors in one another's memory. */

import type { CaseInput, OperationCase } from "./case_values.ts";

const shapes: [name: string, x: number[]][] = [
  ["five values a channel", [5, 1, 1, 1]],
  ["one pixel, 8 images", [8, 33, 1, 1]],
  ["odd size and channels", [2, 5, 5, 7]],
  ["64 channels", [2, 64, 4, 4]],
  ["split over 2048 positions", [2, 6, 32, 32]],
  ["split, the last chunk short", [1, 4, 45, 45]],
];

/** One value a channel, in another range than the images'. */
const perChannel = (x: number[], low: number, high: number): CaseInput => ({ shape: [x[1]!], low, high });

const momentsCases: OperationCase[] = [
  ...shapes.map(([name, shape]) => ({
    operation: "moments",
    name,
    inputs: [{ shape, low: -1, high: 3 }],
    attributes: {},
    golden: true,
  })),
  {
    operation: "moments",
    name: "a large mean",
    inputs: [{ shape: [2, 5, 32, 32], low: 100, high: 102 }],
    attributes: {},
    golden: true,
  },
  {
    operation: "moments",
    name: "constant",
    inputs: [{ shape: [2, 3, 4, 4], low: 2, high: 2 }],
    attributes: {},
  },
];

const momentsGradientCases: OperationCase[] = shapes.map(([name, shape]) => ({
  operation: "moments_gradient",
  name,
  inputs: [{ shape: [1, shape[1]!, 2, 1] }, { shape }],
  attributes: {},
}));

function batchNorm([name, shape]: [string, number[]], relu: boolean, training: boolean): OperationCase {
  const inputs = [
    { shape, low: -1, high: 3 },
    perChannel(shape, 0.5, 2),
    perChannel(shape, -1, 1),
    perChannel(shape, -1, 1),
    perChannel(shape, 0.1, 3),
  ];
  const full = `${name}${relu ? ", with ReLU" : ""}${training ? "" : ", running statistics"}`;
  return { operation: "batch_norm", name: full, inputs, attributes: { relu, training }, golden: true };
}

const batchNormCases = shapes.flatMap((each) => [
  batchNorm(each, false, true),
  batchNorm(each, true, true),
  batchNorm(each, true, false),
]);

/** What stands alone of it: inputs are taken as given, sensible or not. */
const innerCases: OperationCase[] = shapes.flatMap(([name, shape]) => {
  const channels = shape[1]!;
  const record = { shape: [1, channels, 2, 1], low: 0.1, high: 3 };
  const layer = [perChannel(shape, 0.5, 2), perChannel(shape, -1, 1)];
  const running = [perChannel(shape, -1, 1), perChannel(shape, 0.1, 3)];
  const coefficients = { shape: [1, channels, 4, 1] };
  const count = shape[0]! * shape[2]! * shape[3]!;
  return [
    {
      operation: "coefficients",
      name,
      inputs: [record, ...layer, ...running],
      attributes: { epsilon: 1e-5, momentum: 0.1, count },
    },
    {
      operation: "running_coefficients",
      name,
      inputs: [...running, ...layer],
      attributes: { epsilon: 1e-3 },
    },
    ...[true, false].flatMap((relu) => {
      const full = relu ? `${name}, with ReLU` : name;
      return [
        { operation: "normalise", name: full, inputs: [{ shape }, coefficients], attributes: { relu } },
        {
          operation: "normalise_gradient",
          name: full,
          inputs: [{ shape }, { shape }, coefficients],
          attributes: { relu },
        },
      ];
    }),
  ];
});

function normalisedConvolution(
  name: string,
  x: number[],
  kernel: number[],
  padding: number,
  relu = true,
  stride = 1,
): OperationCase {
  const around = [padding, padding, padding, padding];
  return {
    operation: "normalised_conv2d",
    name,
    inputs: [{ shape: x, low: -1, high: 3 }, perChannel(x, 0.5, 2), perChannel(x, -1, 1), { shape: kernel }],
    attributes: { relu, stride: [stride, stride], padding: around },
    golden: true,
  };
}

const normalisedConvolutionCases = [
  normalisedConvolution("pointwise, 64 to 128", [2, 64, 4, 4], [128, 64, 1, 1], 0),
  normalisedConvolution("3x3, 128 to 32", [2, 128, 4, 4], [32, 128, 3, 3], 1),
  normalisedConvolution("3x3, odd channels", [2, 5, 5, 7], [6, 5, 3, 3], 1),
  normalisedConvolution("3x3, to three channels", [2, 9, 5, 4], [3, 9, 3, 3], 1),
  normalisedConvolution("3x3, stride 2", [2, 6, 7, 7], [9, 6, 3, 3], 1, true, 2),
  normalisedConvolution("3x3 without ReLU", [2, 5, 5, 4], [6, 5, 3, 3], 1, false),
  normalisedConvolution("pointwise, one pixel", [8, 40, 1, 1], [16, 40, 1, 1], 0),
];

const partCases: OperationCase[] = [
  ...[[4, 4], [8, 33], [64, 32]].map(([first, second]) => ({
    operation: "append",
    name: `${first} and ${second} channels`,
    inputs: [{ shape: [2, first!, 3, 5] }, { shape: [2, second!, 3, 5] }],
    attributes: {},
    golden: true,
  })),
  ...[[0, 4], [8, 3], [4, 29]].map(([start, count]) => ({
    operation: "narrow",
    name: `${start} to ${start! + count!} of 33`,
    inputs: [{ shape: [2, 33, 4, 3] }],
    attributes: { start, count },
    golden: true,
  })),
];

export const normalisationOperationCases: readonly OperationCase[] = [
  ...momentsCases,
  ...momentsGradientCases,
  ...batchNormCases,
  ...innerCases,
  ...normalisedConvolutionCases,
  ...partCases,
];
