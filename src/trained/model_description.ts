/** What a file of weights says of its model, and whether its tensors fit that model. Pure: nothing here opens a file. */

import { DataError } from "../errors.ts";
import { type HostTensor, toFloat32 } from "../io/host_tensor.ts";

/** What weights are of. */
export interface ModelDescription {
  /** Names the model in the metadata, so that a classifier is not taken for a codec, and in the files' names. */
  kind: string;
  configuration: object;
  /** What else the metadata say of it, such as the names of its classes. */
  extraMetadata?: Record<string, string>;
}

/** Marks the metadata of files that vqray wrote. */
export const format = "vqray";

/** The configuration in a checkpoint's metadata; undefined for weights that vqray did not write. */
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

/** Checks that a file holds exactly the wanted tensors; names the first that is missing, too many or of another shape. */
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
      `${path}: weights of another model: ${surplus.length} tensors are too many, such as ${surplus[0]}`,
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
