/** The encoder and decoder of VQ-VAE-2, with the original's widths and keys. */

import { add, relu } from "../../ops/elementwise.ts";
import { convolutionLayer, type Layer, transposedConvolutionLayer } from "../../nn/convolution.ts";
import type { ParameterSet } from "../../nn/parameters.ts";
import { Sequence } from "../../nn/sequence.ts";

interface BlockOptions {
  input: number;
  output: number;
  residualBlocks: number;
  residualChannels: number;
  stride: number;
}

/** y = conv 1×1(ReLU(conv 3×3(h))) + h with h = ReLU(x): the original's first ReLU works in place, so the skip carries h. */
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

/** Halves the sides log2(stride) times, then a 3×3 convolution and residual blocks, `output` channels wide. */
export function encoderLayer(set: ParameterSet, key: string, options: BlockOptions): Layer {
  const { input, output, stride } = options;
  const blocks = new Sequence(`${key}.blocks`);
  let width = input;
  // Stride 2 stops at half the width; the others double up to the full one.
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

/** A 3×3 convolution to `width` channels and residual blocks, then doubles the sides log2(stride) times. */
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
