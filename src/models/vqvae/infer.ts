/** A codec's configuration inferred from its weights, for PyTorch's files, which hold tensors only. */

import { DataError } from "../../errors.ts";
import { defaultConfiguration, type VqvaeConfiguration } from "./configuration.ts";

/** Tensors by key; only their shapes matter. */
type Shapes = ReadonlyMap<string, { shape: readonly number[] }>;

/**
 * The configuration of the model whose weights have these shapes. Two values have no effect on the shapes and are the
 * defaults: `decay`, and `n_res_channel` if there are no residual blocks.
 *
 * @throws {DataError} if a required tensor is missing or has another rank; the message names no file
 */
export function inferConfiguration(tensors: Shapes): VqvaeConfiguration {
  const extents = (key: string, rank: number): readonly number[] => {
    const shape = tensors.get(key)?.shape;
    if (!shape) throw new DataError(`weights of another model: it has no ${key}`);
    if (shape.length !== rank) {
      throw new DataError(`weights of another model: ${key} has shape [${shape}], expected ${rank} axes`);
    }
    return shape;
  };
  const [embed_dim, channel] = extents("quantize_conv_t.weight", 4);
  const [, n_embed] = extents("quantize_t.embed", 2);
  const [, in_channel] = extents("enc_b.blocks.0.weight", 4);
  const blocks = residualBlocks(tensors);
  return {
    ...defaultConfiguration,
    in_channel: in_channel!,
    channel: channel!,
    n_res_block: blocks.length,
    n_res_channel: blocks.length > 0 ? extents(blocks[0]!, 4)[0]! : defaultConfiguration.n_res_channel,
    embed_dim: embed_dim!,
    n_embed: n_embed!,
    first_stride: strideOf(tensors, "enc_b"),
    second_stride: strideOf(tensors, "enc_t"),
  };
}

/** The first convolutions of the bottom encoder's residual blocks. */
function residualBlocks(tensors: Shapes): string[] {
  return [...tensors.keys()].filter((key) => /^enc_b\.blocks\.\d+\.conv\.1\.weight$/.test(key));
}

/** An encoder's stride: each of its 4×4 convolutions halves the sides. */
function strideOf(tensors: Shapes, encoder: string): number {
  const halvings = [...tensors].filter(([key, { shape }]) =>
    key.startsWith(`${encoder}.blocks.`) && shape.length === 4 && shape[2] === 4
  );
  return 2 ** halvings.length;
}
