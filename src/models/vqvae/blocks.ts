/** The encoder and decoder of VQ-VAE-2, with the widths and keys of the PyTorch implementation that vqray follows. */

import { add, relu } from "../../ops/elementwise.ts";
import { convolutionLayer, type Layer, transposedConvolutionLayer } from "../../nn/convolution.ts";
import type { ParameterSet } from "../../nn/parameters.ts";
import { Sequence } from "../../nn/sequence.ts";

interface BlockOptions {
  /** Channels. */
  input: number;
  /** Channels. */
  output: number;
  /** The number of residual blocks. */
  residualBlocks: number;
  /** Channels between the two convolutions of a residual block. */
  residualChannels: number;
  /** The factor between the sides of input and output. */
  stride: number;
}

/**
 * y = conv 1×1(ReLU(conv 3×3(h))) + h with h = ReLU(x). The skip connection carries h rather than x, because the first
 * ReLU of the original works in place.
 */
function residualLayer(set: ParameterSet, key: string, channels: number, inner: number): Layer {
  const first = convolutionLayer(set, `${key}.conv.1`, {
    input: channels,
    output: inner,
    kernel: 3,
    padding: 1,
  });
  const second = convolutionLayer(set, `${key}.conv.3`, { input: inner, output: channels, kernel: 1 });
  return (x) => {
    const h = relu(x);
    return add(second(relu(first(h))), h);
  };
}

function addResiduals(
  blocks: Sequence,
  set: ParameterSet,
  channels: number,
  { residualBlocks, residualChannels }: BlockOptions,
) {
  for (let index = 0; index < residualBlocks; index++) {
    blocks.add((key) => residualLayer(set, key, channels, residualChannels));
  }
  return blocks.relu();
}

/**
 * Convolutions that halve the sides log2(stride) times, then a 3×3 convolution and residual blocks with `output`
 * channels.
 */
export function encoderLayer(set: ParameterSet, key: string, options: BlockOptions): Layer {
  const { input, output, stride } = options;
  const blocks = new Sequence(`${key}.blocks`);
  let width = input;
  // For stride 2 the only halving has half of the channels. For others the channels double at each halving, up to all
  // of them.
  for (let rest = stride; rest >= 2; rest /= 2) {
    const next = stride === 2 ? output / 2 : output * 2 / rest;
    const from = width;
    blocks.add((at) =>
      convolutionLayer(set, at, { input: from, output: next, kernel: 4, stride: 2, padding: 1 })
    ).relu();
    width = next;
  }
  blocks.add((at) => convolutionLayer(set, at, { input: width, output, kernel: 3, padding: 1 }));
  return addResiduals(blocks, set, output, options).layer;
}

/**
 * A 3×3 convolution and residual blocks with `width` channels, then convolutions that double the sides log2(stride)
 * times.
 */
export function decoderLayer(
  set: ParameterSet,
  key: string,
  options: BlockOptions & { width: number },
): Layer {
  const { input, output, stride, width } = options;
  const blocks = new Sequence(`${key}.blocks`);
  blocks.add((at) => convolutionLayer(set, at, { input, output: width, kernel: 3, padding: 1 }));
  addResiduals(blocks, set, width, options);
  let from = width;
  for (let rest = stride; rest >= 2; rest /= 2) {
    const to = rest === 2 ? output : from / 2;
    const here = from;
    blocks.add((at) =>
      transposedConvolutionLayer(set, at, { input: here, output: to, kernel: 4, stride: 2, padding: 1 })
    );
    if (rest > 2) blocks.relu();
    from = to;
  }
  return blocks.layer;
}
