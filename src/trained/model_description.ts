/** The metadata by which a file of weights describes its model, and the check that its tensors fit that model. */

import { DataError } from "../errors.ts";
import { type HostTensor, toFloat32 } from "../io/host_tensor.ts";
import type { StateDict } from "../io/state_dict.ts";

/** The model that a file's weights belong to. */
export interface ModelDescription {
  /** "vqvae" or "densenet": stored in the metadata and part of checkpoints' file names. */
  kind: string;
  /** Stored in the metadata as JSON. */
  configuration: object;
  /** Further metadata, such as the names of a classifier's classes. */
  extraMetadata?: Record<string, string>;
}

/** The content of a file of weights: tensors by key, and the metadata, which are empty for PyTorch's files. */
export interface DescribedWeights {
  tensors: ReadonlyMap<string, HostTensor>;
  metadata: Record<string, string>;
  /** All state dicts in the file; default: `tensors` alone. */
  states?: readonly StateDict[];
}

/** The state dicts in which a model's weights may be, those to be preferred first. */
export function statesOf({ tensors, states }: DescribedWeights): readonly StateDict[] {
  return states ?? [{ place: "", tensors: new Map(tensors), unreadable: new Map() }];
}

/** The metadata's `format` in files that vqray wrote. */
export const format = "vqray";

/**
 * The configuration in a file's metadata; undefined if vqray did not write the file.
 *
 * @param kind the expected {@linkcode ModelDescription.kind}
 * @param path the file, for messages
 * @throws {DataError} if the file holds weights of another kind of model
 */
export function configurationIn(
  metadata: Record<string, string>,
  kind: string,
  path: string,
): Record<string, unknown> | undefined {
  if (metadata.format !== format) return undefined;
  if (metadata.kind !== kind) {
    throw new DataError(`${path}: holds weights of a ${metadata.kind}, expected a ${kind}`);
  }
  return JSON.parse(metadata.configuration ?? "{}");
}

/**
 * The values of a file's tensors by key, as float32, if the file holds exactly the expected tensors.
 *
 * @param shapes the expected tensors' shapes by key
 * @param path the file, for messages
 * @throws {DataError} if a tensor is missing, unexpected or of another shape; the first one is named
 */
export function matchState(
  tensors: ReadonlyMap<string, HostTensor>,
  shapes: ReadonlyMap<string, readonly number[]>,
  path: string,
): Map<string, Float32Array<ArrayBuffer>> {
  const missing = [...shapes.keys()].filter((key) => !tensors.has(key));
  const surplus = [...tensors.keys()].filter((key) => !shapes.has(key));
  if (missing.length > 0) {
    throw new DataError(
      `${path}: weights of another model: ${missing.length} of ${shapes.size} tensors are missing, such as ${
        missing[0]
      }`,
    );
  }
  if (surplus.length > 0) {
    throw new DataError(
      `${path}: weights of another model: ${surplus.length} of ${tensors.size} tensors are unexpected, such as ${
        surplus[0]
      }`,
    );
  }
  const state = new Map<string, Float32Array<ArrayBuffer>>();
  for (const [key, shape] of shapes) {
    const tensor = tensors.get(key)!;
    if (`${tensor.shape}` !== `${shape}`) {
      throw new DataError(
        `${path}: weights of another model: ${key} has shape [${tensor.shape}], expected [${shape}]`,
      );
    }
    state.set(key, toFloat32(tensor));
  }
  return state;
}
