/** Writes files of weights that say what model they are of. */

import type { HostTensor } from "../io/host_tensor.ts";
import { writeSafetensors } from "../io/safetensors_file.ts";
import { format, type ModelDescription } from "./model_description.ts";

/** Tensors by key, row-major. */
export type State = Map<string, { shape: number[]; data: Float32Array<ArrayBuffer> }>;

/** How far a run has come. */
export interface RunPosition {
  /** Training steps so far. */
  steps: number;
  /** Epochs that are finished, and batches of the next one that are. */
  epochs: number;
  batches: number;
}

/** Writes weights with their configuration; alone they are what other commands read. */
export async function saveWeights(
  path: string,
  { kind, configuration, extraMetadata }: ModelDescription,
  weights: State,
  position: RunPosition,
): Promise<void> {
  const metadata = {
    format,
    kind,
    configuration: JSON.stringify(configuration),
    ...extraMetadata,
    position: JSON.stringify(position),
  };
  await writeSafetensors(path, weights as Map<string, HostTensor>, metadata);
}
