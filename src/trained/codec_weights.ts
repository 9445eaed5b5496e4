/** Trained codecs from the content of their files. */

import { DataError, UsageError } from "../errors.ts";
import { defaultConfiguration, type VqvaeConfiguration } from "../models/vqvae/configuration.ts";
import { inferConfiguration } from "../models/vqvae/infer.ts";
import { Vqvae } from "../models/vqvae/model.ts";
import type { SavedCodec } from "./codec.ts";
import { configurationIn, type DescribedWeights, matchState, statesOf } from "./model_description.ts";
import { chooseCandidate } from "./state_candidates.ts";

/**
 * The codec that the content of a file describes. Files that vqray wrote hold the configuration in their metadata; for
 * others it is inferred from the tensors' shapes. Their keys may have any prefix; if several sets of weights fit, the
 * first is used, and a note says so.
 *
 * @param path the file's path or another name of it, with which messages begin
 * @throws {DataError} if the content is not a codec's
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defaultConfiguration } from "../models/vqvae/configuration.ts";
 * import { Vqvae } from "../models/vqvae/model.ts";
 *
 * // Tensors as PyTorch's state dict has them, without metadata.
 * const { set } = new Vqvae({ ...defaultConfiguration, channel: 8, n_embed: 16 });
 * const values = set.initialValues(1);
 * const tensors = new Map(set.all.map(({ key, shape }) => [key, { shape: [...shape], data: values.get(key)! }]));
 *
 * const { configuration } = codecOf({ tensors, metadata: {} }, "codec.pt");
 * assertEquals([configuration.channel, configuration.n_embed, configuration.first_stride], [8, 16, 4]);
 * ```
 */
export function codecOf(content: DescribedWeights, path: string): SavedCodec {
  const { tensors, metadata } = content;
  const saved = configurationIn(metadata, "vqvae", path) as unknown as VqvaeConfiguration | undefined;
  if (!saved) {
    const fit = (tensors: DescribedWeights["tensors"]) => fitted(tensors, inferConfiguration(tensors), path);
    const { value, notes } = chooseCandidate(
      statesOf(content),
      codecKeys(),
      (each) => fit(each.tensors),
      path,
    );
    return { ...value, notes };
  }
  try {
    return fitted(tensors, saved, path);
  } catch (error) {
    const isNamed = !(error instanceof DataError || error instanceof UsageError) ||
      error.message.startsWith(`${path}: `);
    throw isNamed ? error : new DataError(`${path}: ${error.message}`);
  }
}

function fitted(
  tensors: DescribedWeights["tensors"],
  configuration: VqvaeConfiguration,
  path: string,
): SavedCodec {
  return { configuration, weights: matchState(tensors, shapesOf(configuration), path) };
}

function shapesOf(configuration: VqvaeConfiguration): Map<string, readonly number[]> {
  return new Map(new Vqvae(configuration).set.all.map(({ key, tensor }) => [key, tensor.shape]));
}

/** Keys by which a codec is recognised: those of the default configuration. Others have most of them. */
function codecKeys(): Set<string> {
  return new Set(shapesOf(defaultConfiguration).keys());
}

/**
 * The weights of a codec of this configuration, to start a training with.
 *
 * @throws {DataError} if the content is not such a codec's
 */
export function codecStart(
  content: DescribedWeights,
  configuration: VqvaeConfiguration,
  path: string,
): Pick<SavedCodec, "weights" | "notes"> {
  const shapes = shapesOf(configuration);
  if (configurationIn(content.metadata, "vqvae", path)) {
    return { weights: matchState(content.tensors, shapes, path) };
  }
  const fit = ({ tensors }: { tensors: DescribedWeights["tensors"] }) => matchState(tensors, shapes, path);
  const { value, notes } = chooseCandidate(statesOf(content), new Set(shapes.keys()), fit, path);
  return { weights: value, notes };
}
