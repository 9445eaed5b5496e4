/** Layers in sequence, with the keys of PyTorch's `nn.Sequential`: each layer's index. */

import { relu } from "../ops/elementwise.ts";
import type { Layer } from "./convolution.ts";

/** Collects layers. Those without weights, such as ReLU, take an index, too. */
export class Sequence {
  private readonly layers: Layer[] = [];

  constructor(private readonly key: string) {}

  /** Adds the layer that `make` returns for the next key. */
  add(make: (key: string) => Layer): this {
    this.layers.push(make(`${this.key}.${this.layers.length}`));
    return this;
  }

  /** Adds a ReLU. */
  relu(): this {
    this.layers.push(relu);
    return this;
  }

  /** All layers in order, as one. */
  get layer(): Layer {
    return (x) => this.layers.reduce((value, layer) => layer(value), x);
  }
}
