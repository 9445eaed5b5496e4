/** Cases of batch normalisation and of the operations that it is made of. */

import { floatType } from "../../src/graph/layout.ts";
import { apply, type Tensor } from "../../src/graph/tensor.ts";
import { conv2d } from "../../src/ops/convolution/conv2d.ts";
import { convolutionWeight, flat, images } from "../../src/ops/inputs.ts";
import { moments } from "../../src/ops/moments.ts";
import { normaliseBatch, normaliseRunning } from "../../src/ops/normalisation.ts";
import { operations } from "../../src/ops/table.ts";
import { variable } from "../../src/ops/variable.ts";
import {
  type Built,
  type CaseDetails,
  type CaseFamily,
  type CaseGroup,
  type CaseInput,
  casesFor,
  refusalsOf,
} from "../case_values.ts";
import { bare, image, tensor, vector } from "./tensors.ts";

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

/** γ and β. */
const layer = (x: number[]) => [perChannel(x, 0.5, 2), perChannel(x, -1, 1)];
/** The running mean and variance. */
const running = (x: number[]) => [perChannel(x, -1, 1), perChannel(x, 0.1, 3)];
const coefficients = (x: number[]): CaseInput => ({ shape: [1, x[1]!, 4, 1] });

const momentsCases = [
  ...casesFor("moments", { build: ([x]) => moments(x!), gradients: "all", golden: true }, [
    ...shapes.map(([name, shape]) => ({ name, inputs: [{ shape, low: -1, high: 3 }] })),
    { name: "a large mean", inputs: [{ shape: [2, 5, 32, 32], low: 100, high: 102 }] },
    { name: "constant", inputs: [{ shape: [2, 3, 4, 4], low: 2, high: 2 }], golden: false },
  ]),
  ...casesFor(
    "moments_gradient",
    {
      build: ([upstream, x]) => apply(operations.moments_gradient, [upstream!, x!, moments(x!)], undefined),
      gradients: "none",
    },
    shapes.map(([name, shape]) => ({ name, inputs: [{ shape: [1, shape[1]!, 2, 1] }, { shape }] })),
  ),
];

function buildBatchNorm(inputs: readonly Tensor[], { relu, training, epsilon }: {
  relu: boolean;
  training: boolean;
  epsilon?: number;
}): Tensor | Built {
  const [x, gamma, beta, runningMean, runningVariance] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const state = { gamma, beta, runningMean, runningVariance };
  if (!training) return normaliseRunning(x, state, { relu, epsilon });
  const y = normaliseBatch(x, moments(x), state, { relu, epsilon });
  return { outputs: [y, runningMean, runningVariance], effects: [y.inputs[1]!] };
}

const batchNormGroup: CaseGroup = {
  accepts: [images(), flat("γ"), flat("β"), flat("running mean"), flat("running variance")],
  build: buildBatchNorm,
  gradients: [0, 1, 2],
  golden: true,
};

function batchNorm([name, shape]: [string, number[]], relu: boolean, training: boolean): CaseDetails {
  return {
    name: `${name}${relu ? ", with ReLU" : ""}${training ? "" : ", running statistics"}`,
    inputs: [{ shape, low: -1, high: 3 }, ...layer(shape), ...running(shape)],
    attributes: { relu, training },
    hasKinks: relu,
    // Running statistics are constants, which nothing is differentiated through.
    gradients: training ? [0, 1, 2] : "none",
  };
}

const batchNormCases = casesFor(
  "batch_norm",
  batchNormGroup,
  shapes.flatMap((each) => [
    batchNorm(each, false, true),
    batchNorm(each, true, true),
    batchNorm(each, true, false),
  ]),
);

/** What a layer's gradient leaves: for the input, the moments, γ and β. */
function buildNormaliseGradient(
  [upstream, x, coefficients]: readonly Tensor[],
  attributes: { relu: boolean },
): Built {
  const channels = x!.shape[1]!;
  const record = variable(floatType([1, channels, 2, 1], "channels_last"), "moments");
  const [gamma, beta] = ["gamma", "beta"].map((label) => variable(floatType([channels]), label));
  const node = apply(operations.normalise, [x!, coefficients!, record, gamma!, beta!], attributes);
  const gradients = node.operation.gradient(node, upstream!, []);
  return { outputs: gradients.filter((each) => each !== undefined) };
}

const withAndWithoutRelu = shapes.flatMap(([name, shape]) => [
  { name: `${name}, with ReLU`, shape, attributes: { relu: true } },
  { name, shape, attributes: { relu: false } },
]);

/** The operations that batch normalisation is made of, each by itself: the inputs are not those of a real batch. */
const partCases = [
  ...casesFor(
    "coefficients",
    {
      build(inputs, attributes) {
        const node = apply(operations.coefficients, inputs, attributes);
        return { outputs: [node, inputs[3]!, inputs[4]!], effects: [node] };
      },
      gradients: "none",
    },
    shapes.map(([name, shape]) => ({
      name,
      inputs: [{ shape: [1, shape[1]!, 2, 1], low: 0.1, high: 3 }, ...layer(shape), ...running(shape)],
      attributes: { epsilon: 1e-5, momentum: 0.1, count: shape[0]! * shape[2]! * shape[3]! },
    })),
  ),
  ...casesFor(
    "running_coefficients",
    {
      build: (inputs, attributes) => apply(operations.running_coefficients, inputs, attributes),
      gradients: "none",
    },
    shapes.map(([name, shape]) => ({
      name,
      inputs: [...running(shape), ...layer(shape)],
      attributes: { epsilon: 1e-3 },
    })),
  ),
  ...casesFor(
    "normalise",
    {
      build: (inputs, attributes) => apply(operations.normalise, inputs, attributes),
      gradients: "none",
    },
    withAndWithoutRelu.map(({ name, shape, attributes }) => ({
      name,
      inputs: [{ shape }, coefficients(shape)],
      attributes,
    })),
  ),
  ...casesFor(
    "normalise_gradient",
    { build: buildNormaliseGradient, gradients: "none" },
    withAndWithoutRelu.map(({ name, shape, attributes }) => ({
      name,
      inputs: [{ shape }, { shape }, coefficients(shape)],
      attributes,
    })),
  ),
];

const normalisedConvolutionGroup: CaseGroup = {
  accepts: [images(), flat("γ"), flat("β"), convolutionWeight()],
  build([x, gamma, beta, weight], { relu, ...window }) {
    const statistics = (label: string) => variable(floatType(gamma!.shape), label);
    const state = {
      gamma: gamma!,
      beta: beta!,
      runningMean: statistics("mean"),
      runningVariance: statistics("variance"),
    };
    return conv2d(normaliseBatch(x!, moments(x!), state, { relu }), weight!, window);
  },
  gradients: "all",
  golden: true,
};

function normalisedConvolution(
  name: string,
  x: number[],
  kernel: number[],
  padding: number,
  relu = true,
  stride = 1,
): CaseDetails {
  return {
    name,
    inputs: [{ shape: x, low: -1, high: 3 }, ...layer(x), { shape: kernel }],
    attributes: { relu, stride: [stride, stride], padding: [padding, padding, padding, padding] },
    hasKinks: relu,
  };
}

const normalisedConvolutionCases = casesFor("normalised_conv2d", normalisedConvolutionGroup, [
  normalisedConvolution("pointwise, 64 to 128", [2, 64, 4, 4], [128, 64, 1, 1], 0),
  normalisedConvolution("3x3, 128 to 32", [2, 128, 4, 4], [32, 128, 3, 3], 1),
  normalisedConvolution("3x3, odd channels", [2, 5, 5, 7], [6, 5, 3, 3], 1),
  normalisedConvolution("3x3, to three channels", [2, 9, 5, 4], [3, 9, 3, 3], 1),
  normalisedConvolution("3x3, stride 2", [2, 6, 7, 7], [9, 6, 3, 3], 1, true, 2),
  normalisedConvolution("3x3 without ReLU", [2, 5, 5, 4], [6, 5, 3, 3], 1, false),
  normalisedConvolution("pointwise, one pixel", [8, 40, 1, 1], [16, 40, 1, 1], 0),
]);

export const normalisation: CaseFamily = {
  cases: [...momentsCases, ...batchNormCases, ...partCases, ...normalisedConvolutionCases],
  refusals: [
    ...refusalsOf("moments", [["vector", () => moments(vector), "[4]"]]),
    ...refusalsOf("moments_gradient", [
      [
        "upstream",
        bare(operations.moments_gradient, image(1, 5, 2, 1), image(2, 4, 5, 7), image(1, 4, 2, 1)),
        "[1,5,2,1]",
      ],
    ]),
    ...refusalsOf("coefficients", [
      [
        "moments",
        bare(operations.coefficients, image(1, 4, 3, 1), vector, vector, vector, vector),
        "[1,4,3,1]",
      ],
    ]),
    ...refusalsOf("running_coefficients", [
      ["bias", bare(operations.running_coefficients, vector, vector, vector, tensor([5])), "[5]"],
    ]),
    ...refusalsOf("normalise", [
      ["coefficients", bare(operations.normalise, image(2, 4, 5, 7), image(1, 5, 4, 1)), "[1,5,4,1]"],
    ]),
    ...refusalsOf("normalise_gradient", [
      [
        "upstream",
        bare(operations.normalise_gradient, image(2, 4, 5, 6), image(2, 4, 5, 7), image(1, 4, 4, 1)),
        "[2,4,5,6]",
      ],
    ]),
  ],
};
