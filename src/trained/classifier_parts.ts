/** The parts of a classifier of PyTorch, under the keys of vqray. */

import { DataError } from "../errors.ts";
import type { HostTensor } from "../io/host_tensor.ts";
import { printable } from "../io/printable.ts";
import type { Candidate } from "./state_candidates.ts";

type Tensors = Map<string, HostTensor>;

/** The tensors of a classifier. Counters of batches are left out, because nothing reads them. */
export interface ClassifierParts {
  /** `model.features.…` */
  features: Tensors;
  /** `model.classifier.0.…`; empty if the file holds features alone. */
  head: Tensors;
  /** `init_conv.…`; empty if the file has none. */
  initConv: Tensors;
}

/**
 * Sorts the tensors of a DenseNet whose keys are torchvision's: `features.…` and `classifier.…`, in which the linear
 * layer may be one of a sequence (`classifier.0.…`). `init_conv.…` belongs to the network, or to a module around it; in
 * that case it is taken out of the candidate's other tensors.
 *
 * @throws {DataError} if there are other tensors than those, or several linear layers; the message names no file
 */
export function classifierParts(candidate: Candidate): ClassifierParts {
  const parts: ClassifierParts = { features: new Map(), head: new Map(), initConv: outerInitConv(candidate) };
  const unexpected: string[] = [];
  for (const [key, tensor] of candidate.tensors) {
    const [, layer] = /^classifier\.((?:\d+\.)?(?:weight|bias))$/.exec(key) ?? [];
    if (key.endsWith(".num_batches_tracked")) continue;
    if (key.startsWith("features.")) parts.features.set(`model.${key}`, tensor);
    else if (key.startsWith("init_conv.")) parts.initConv.set(key, tensor);
    else if (layer) parts.head.set(`model.classifier.0.${layer.replace(/^\d+\./, "")}`, tensor);
    else unexpected.push(key);
  }
  const linear = [...candidate.tensors.keys()].filter((key) => key.startsWith("classifier."));
  if (parts.head.size !== linear.length) {
    throw new DataError(`weights of another model: its classifier has ${linear.length} tensors, expected 2`);
  }
  if (unexpected.length === 0) return parts;
  throw new DataError(
    `weights of another model: ${unexpected.length} of ${candidate.tensors.size} tensors are unexpected, such as ${
      printable(unexpected[0]!)
    }`,
  );
}

/** The `init_conv` of the innermost module around the network that has one. */
function outerInitConv({ prefix, others }: Candidate): Tensors {
  for (let outer = prefix; outer !== "";) {
    outer = outer.slice(0, outer.lastIndexOf(".", outer.length - 2) + 1);
    const inside = [...others].filter(([key]) => key.startsWith(`${outer}init_conv.`));
    for (const [key] of inside) others.delete(key);
    if (inside.length > 0) return new Map(inside.map(([key, tensor]) => [key.slice(outer.length), tensor]));
  }
  return new Map();
}
