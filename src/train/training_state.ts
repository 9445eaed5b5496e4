/** A model's weights and its optimizer's state on the GPU, as plain values by key. */

import { elementCount } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Memory } from "../gpu/memory.ts";
import type { Parameter, ParameterSet } from "../nn/parameters.ts";
import type { Adam } from "../optim/adam.ts";
import type { State } from "../trained/model_file.ts";

/** Shapes of tensors in files, by key. */
export type Shapes = Map<string, readonly number[]>;

/** A tensor of the state, with its shape in files. */
type Entry = Pick<Parameter, "key" | "shape" | "tensor">;

export class TrainingState {
  constructor(
    private readonly memory: Memory,
    private readonly set: ParameterSet,
    private readonly optimizer: Adam,
  ) {}

  /** Writes the model's values before training. */
  initialise(seed: number): void {
    const values = this.set.initialValues(seed);
    for (const { key, tensor } of this.set.all) this.memory.write(tensor, values.get(key)!);
  }

  /** Weights and buffers by PyTorch's keys. */
  async weights(): Promise<State> {
    return await this.read(this.set.all);
  }

  /**
   * Adam's moments, `.exp_avg` and `.exp_avg_sq` after the parameter's key, and with float16 the state of the loss's
   * scale.
   */
  async moments(): Promise<State> {
    return await this.read(this.momentEntries);
  }

  /** Replaces weights and moments; keys that are not given stay as they are. */
  write(state: ReadonlyMap<string, Float32Array<ArrayBuffer>>): void {
    for (const { key, tensor } of [...this.set.all, ...this.momentEntries]) {
      const values = state.get(key);
      if (values) this.memory.write(tensor, values);
    }
  }

  /** Sets the moments to zero. */
  clearMoments(): void {
    for (const tensor of this.optimizer.running) {
      this.memory.write(tensor, new Float32Array(elementCount(tensor.shape)));
    }
  }

  /** The shapes of all weights and buffers. */
  get shapes(): Shapes {
    return shapesOf(this.set.all);
  }

  /** The shapes of what {@linkcode moments} gives. */
  get momentShapes(): Shapes {
    return shapesOf(this.momentEntries);
  }

  private get momentEntries(): Entry[] {
    const { firstMoments, secondMoments, mixed } = this.optimizer;
    const moments = [firstMoments, secondMoments].flatMap(({ members }) =>
      members.map((tensor, index) => ({
        key: tensor.label,
        shape: this.set.parameters[index]!.shape,
        tensor,
      }))
    );
    return [...moments, ...(mixed?.tensors ?? []).map(scalarEntry)];
  }

  private async read(entries: readonly Entry[]): Promise<State> {
    const values = await this.memory.read(entries.map(({ tensor }) => tensor));
    return new Map(
      entries.map(({ key, shape }, index) => [
        key,
        { shape: [...shape], data: values[index] as Float32Array<ArrayBuffer> },
      ]),
    );
  }
}

function scalarEntry(tensor: Tensor): Entry {
  return { key: tensor.label, shape: tensor.shape, tensor };
}

function shapesOf(entries: readonly Entry[]): Shapes {
  return new Map(entries.map(({ key, shape }) => [key, shape]));
}
