/** The losses of the last steps, in a ring on the GPU. */

import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Memory } from "../gpu/memory.ts";
import { record } from "../ops/updates.ts";
import { variable } from "../ops/variable.ts";

/** Slots of a program's rings, and so the largest number of runs between two reads. */
export const ringCapacity = 64;

/** A ring of named scalars. The host reads it every few steps, because each read waits for the GPU. */
export class ScalarRing<Name extends string> {
  readonly names: readonly Name[];
  /** [capacity, scalars]. */
  readonly tensor: Tensor;

  /** `scalars` are a step's values by name; the ring keeps the last `capacity` steps. */
  constructor(private readonly scalars: Readonly<Record<Name, Tensor>>, readonly capacity: number) {
    this.names = Object.keys(scalars) as Name[];
    this.tensor = variable(floatType([capacity, this.names.length]), "ring of scalars");
  }

  /** The effect that writes the scalars to the slot whose number is in `step`. */
  record(step: Tensor): Tensor {
    return record(step, this.tensor, this.names.map((name) => this.scalars[name]));
  }

  /** Reads the scalars of steps by their numbers, which must be among the last `capacity`. */
  async read(memory: Memory, steps: readonly number[]): Promise<Record<Name, number>[]> {
    const [values] = await memory.read([this.tensor]);
    return this.pick(values!, steps);
  }

  /** The scalars of steps by their numbers, from the values of `tensor`. */
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
