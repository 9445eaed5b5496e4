/** A step's losses stay on the GPU in a ring and are read every few steps, since each read waits for the GPU. */

import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Memory } from "../gpu/memory.ts";
import { record } from "../ops/updates.ts";
import { variable } from "../ops/variable.ts";

/** Slots of a training program's rings: the most steps between two reads. */
export const ringCapacity = 64;

export class ScalarRing<Name extends string> {
  readonly names: readonly Name[];
  /** [capacity, scalars]. */
  readonly tensor: Tensor;

  /** `scalars` by name; at most `capacity` steps are kept. */
  constructor(private readonly scalars: Readonly<Record<Name, Tensor>>, readonly capacity: number) {
    this.names = Object.keys(scalars) as Name[];
    this.tensor = variable(floatType([capacity, this.names.length]), "ring of scalars");
  }

  /** The effect that keeps a step's scalars in the slot that `step` names. */
  record(step: Tensor): Tensor {
    return record(step, this.tensor, this.names.map((name) => this.scalars[name]));
  }

  /** The scalars of the steps with the given numbers, which must be among the last `capacity`. */
  async read(memory: Memory, steps: readonly number[]): Promise<Record<Name, number>[]> {
    const [values] = await memory.read([this.tensor]);
    return this.pick(values!, steps);
  }

  /** The same from the ring's values, read before. */
  pick(values: ArrayLike<number>, steps: readonly number[]): Record<Name, number>[] {
    return steps.map((step) => {
      const row = step % this.capacity * this.names.length;
      return Object.fromEntries(this.names.map((name, index) => [name, values[row + index]!])) as Record<
        Name,
        number
      >;
    });
  }
}
