/** Layers one behind the other, with the keys that PyTorch's `nn.Sequential` gives them: an index each. */

import { relu } from "../ops/elementwise.ts";
import type { Layer } from "./convolution.ts";

/** Collects layers; one without weights, such as ReLU, takes an index all the same. */
export class Sequence {
  private readonly layers: Layer[] = [];

  constructor(private readonly key: string) {}

  /** Adds the layer that `make` gives for the next key. */
  add(make: (key: string) => Layer): this {
    this.layers.push(make(`${this.key}.${this.layers.length}`));
    return this;
  }

  relu(): this {
    this.layers.push(relu);
    return this;
  }

  /** The whole as one layer. */
  get layer(): Layer {
    return (x) => this.layers.reduce((value, layer) => layer(value), x);
  }
}
