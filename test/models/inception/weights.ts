/** Random weights for Inception, which suffice to compare it with torchvision's. */

import type { HostTensor } from "../../../src/io/host_tensor.ts";
import { Inception } from "../../../src/models/inception/model.ts";
import { keyOf, uniformArray } from "../../../src/random.ts";

const normalisation = {
  weight: [0.8, 1.2],
  bias: [-0.2, 0.2],
  running_mean: [-0.2, 0.2],
  running_var: [0.5, 1.5],
} as const;

/** The random weights of test/golden/inception.py with the keys of torchvision's file. */
export function inceptionWeights(): Map<string, HostTensor> {
  const model = new Inception();
  const tensors = new Map<string, HostTensor>();
  for (const { key, shape } of model.set.parameters) {
    if (!key.endsWith(".weight")) continue;
    const unit = key.replace(/\.weight$/, "");
    const [output, ...fan] = shape;
    const fanIn = fan.reduce((product, extent) => product * extent, 1);
    const bound = Math.sqrt(6 / fanIn);
    const name = `${unit}.conv.weight`;
    tensors.set(name, { shape: [...shape], data: uniformArray(keyOf(name), output! * fanIn, -bound, bound) });
    for (const [part, [low, high]] of Object.entries(normalisation)) {
      const own = `${unit}.bn.${part}`;
      tensors.set(own, { shape: [output!], data: uniformArray(keyOf(own), output!, low, high) });
    }
  }
  // Files also hold a classifier, and torchvision's a second one.
  tensors.set("fc.weight", { shape: [2, 2048], data: new Float32Array(4096) });
  tensors.set("AuxLogits.conv0.conv.weight", { shape: [1], data: new Float32Array(1) });
  return tensors;
}
