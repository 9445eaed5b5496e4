/** The features of a dense block, kept in one buffer to which each layer appends its channels. */

import type { FloatType, Shape } from "../../graph/layout.ts";
import type { Place, Tensor } from "../../graph/tensor.ts";
import type { Measured } from "../../nn/normalisation.ts";
import { moments } from "../../ops/moments.ts";
import { concat } from "../../ops/channels.ts";
import { append, workspace } from "../../ops/parts.ts";

/** The features that the layers of one dense block have computed so far. */
export interface BlockFeatures {
  /** The place where the next layer must write its result; undefined if the result gets memory of its own. */
  readonly next: Place | undefined;
  /** Adds the result of the layer that wrote to `next`. */
  add(values: Tensor): void;
  /** All channels so far, with their moments in training. */
  readonly all: Measured;
}

/**
 * Features that are concatenated and measured again for each layer, as the formulas say: the reference for comparisons.
 */
export class CopiedFeatures implements BlockFeatures {
  readonly next = undefined;
  private current?: Tensor;

  constructor(private readonly training: boolean) {}

  add(values: Tensor): void {
    this.current = this.current ? concat([this.current, values]) : values;
  }

  get all(): Measured {
    const values = this.current!;
    return this.training ? { values, moments: moments(values) } : { values };
  }
}

/**
 * Features in one buffer. Each layer reads all channels so far and writes its own after them, so that nothing is
 * copied. In training the channels' moments are in a second buffer in the same way, and each is computed once.
 */
export class Features implements BlockFeatures {
  private readonly host: Tensor;
  private readonly momentsHost?: Tensor;
  private current?: Measured;

  /** @param shape [B, C, H, W], C being the number of channels after the last layer */
  constructor(shape: Shape, label: string, training: boolean, precision: FloatType = "f32") {
    this.host = workspace(shape, `${label} features`, precision);
    if (training) this.momentsHost = workspace([1, shape[1]!, 2, 1], `${label} moments`);
  }

  get next(): Place {
    return { host: this.host, channel: this.current?.values.shape[1] ?? 0 };
  }

  add(values: Tensor): void {
    const { channel } = values.place!;
    const own = this.momentsHost && moments(values, { host: this.momentsHost, channel });
    const before = this.current;
    this.current = before
      ? { values: append(before.values, values), moments: own && append(before.moments!, own) }
      : { values, moments: own };
  }

  get all(): Measured {
    return this.current!;
  }
}
