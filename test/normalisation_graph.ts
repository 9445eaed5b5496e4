/** Builders of the cases of batch normalisation and of tensors in one another's memory; see case_graph.ts. */

import { floatType } from "../src/graph/layout.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { averagePool2d } from "../src/ops/average_pooling.ts";
import { sliceChannels } from "../src/ops/channels.ts";
import { conv2d } from "../src/ops/convolution/conv2d.ts";
import { moments } from "../src/ops/moments.ts";
import { normaliseBatch, normaliseRunning } from "../src/ops/normalisation.ts";
import { append, narrow, workspace } from "../src/ops/parts.ts";
import { operations } from "../src/ops/table.ts";
import { variable } from "../src/ops/variable.ts";
import { apply } from "../src/graph/tensor.ts";

// deno-lint-ignore no-explicit-any
type Attributes = any;
type Inputs = readonly Tensor[];

interface Built {
  outputs: Tensor[];
  effects?: Tensor[];
}

/** Makes the node do what it does in a dense block: leave its values in a part of a larger tensor. */
function place(x: Tensor, host: Tensor, channel: number): Tensor {
  return averagePool2d(x, { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0] }, { host, channel });
}

/** A tensor with memory of its own, that can be read after a run. */
function copy(x: Tensor): Tensor {
  return sliceChannels(x, 0, x.shape[1]!);
}

function hostFor({ shape, dtype }: Tensor, channels: number): Tensor {
  return workspace(shape.map((extent, axis) => axis === 1 ? channels : extent), "host", dtype);
}

function batchNorm(inputs: Inputs, { relu, training, epsilon }: Attributes): Built {
  const [x, gamma, beta, runningMean, runningVariance] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const state = { gamma, beta, runningMean, runningVariance };
  if (!training) return { outputs: [normaliseRunning(x, state, { relu, epsilon })] };
  const y = normaliseBatch(x, moments(x), state, { relu, epsilon });
  return { outputs: [y, runningMean, runningVariance], effects: [y.inputs[1]!] };
}

function normalisedConvolution(inputs: Inputs, { relu, ...window }: Attributes): Built {
  const [x, gamma, beta, weight] = inputs as [Tensor, Tensor, Tensor, Tensor];
  const running = (label: string) => variable(floatType(gamma.shape), label);
  const state = { gamma, beta, runningMean: running("mean"), runningVariance: running("variance") };
  return { outputs: [conv2d(normaliseBatch(x, moments(x), state, { relu }), weight, window)] };
}

/** What a layer's gradient leaves: for the input, the moments, γ and β. */
function normaliseGradient([upstream, x, coefficients]: Inputs, attributes: Attributes): Built {
  const channels = x!.shape[1]!;
  const record = variable(floatType([1, channels, 2, 1], "channels_last"), "moments");
  const [gamma, beta] = ["gamma", "beta"].map((label) => variable(floatType([channels]), label));
  const node = apply(operations.normalise, [x!, coefficients!, record, gamma!, beta!], attributes);
  const gradients = node.operation.gradient(node, upstream!, []);
  return { outputs: gradients.filter((each) => each !== undefined) };
}

export const normalisationBuilders: Record<string, (inputs: Tensor[], attributes: Attributes) => Built> = {
  moments: ([x]) => ({ outputs: [moments(x!)] }),
  moments_gradient: ([upstream, x]) => ({
    outputs: [apply(operations.moments_gradient, [upstream!, x!, moments(x!)], undefined)],
  }),
  coefficients(inputs, attributes) {
    const node = apply(operations.coefficients, inputs, attributes);
    return { outputs: [node, inputs[3]!, inputs[4]!], effects: [node] };
  },
  running_coefficients: (inputs, attributes) => ({
    outputs: [apply(operations.running_coefficients, inputs, attributes)],
  }),
  normalise: (inputs, attributes) => ({ outputs: [apply(operations.normalise, inputs, attributes)] }),
  normalise_gradient: normaliseGradient,
  batch_norm: batchNorm,
  normalised_conv2d: normalisedConvolution,
  append([first, second]) {
    const width = first!.shape[1]! + second!.shape[1]!;
    const host = hostFor(first!, width + 4);
    const parts = append(place(first!, host, 4), place(second!, host, 4 + first!.shape[1]!));
    return { outputs: [copy(parts)] };
  },
  narrow: ([x], { start, count }) => ({ outputs: [copy(narrow(x!, start, count))] }),
};

/** How many of an operation's inputs have a gradient. */
export const normalisationGradients: Readonly<Record<string, number>> = {
  moments: 1,
  batch_norm: 3,
  normalised_conv2d: 4,
  append: 2,
};
