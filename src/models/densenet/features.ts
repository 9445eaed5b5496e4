/**
 * The features of a dense block in one buffer. Each layer reads all channels so far and writes its own behind them, so that
 * nothing is ever concatenated; in training their moments lie in a second buffer likewise, each worked out once.
 */

import type { FloatType, Shape } from "../../graph/layout.ts";
import type { Place, Tensor } from "../../graph/tensor.ts";
import type { Measured } from "../../nn/normalisation.ts";
import { moments } from "../../ops/moments.ts";
import { concat } from "../../ops/channels.ts";
import { append, workspace } from "../../ops/parts.ts";

export interface BlockFeatures {
  /** Where the next layer is to leave its result; undefined for memory of its own. */
  readonly next: Place | undefined;
  /** Takes in what was computed for the last `next`. */
  add(values: Tensor): void;
  /** All channels so far. */
  readonly all: Measured;
}

/** As the formulas say it: everything is concatenated and measured anew. What memory and traffic are compared with. */
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

export class Features implements BlockFeatures {
  private readonly host: Tensor;
  private readonly momentsHost?: Tensor;
  private current?: Measured;

  /** Room for [B, C, H, W], C being the channels behind the last layer. */
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
