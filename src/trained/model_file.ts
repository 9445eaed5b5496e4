/** Writes files of weights that describe their model. */

import type { HostTensor } from "../io/host_tensor.ts";
import { writeSafetensors } from "../io/safetensors_file.ts";
import { format, type ModelDescription } from "./model_description.ts";

/** Tensors by key, row-major. */
export type State = Map<string, { shape: number[]; data: Float32Array<ArrayBuffer> }>;

/** How far a training run has come. */
export interface RunPosition {
  /** Training steps so far. */
  steps: number;
  /** Finished epochs. */
  epochs: number;
  /** Finished batches of the next epoch. */
  batches: number;
}

/**
 * Writes a safetensors file of weights with their configuration. `readCodec` and `readClassifier` read it.
 *
 * @throws {DataError} if the file cannot be written; one line that names it
 */
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
