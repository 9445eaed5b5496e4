/** A model's weights and buffers: their keys, their places in the graph, and their values before training. */

import { elementCount, type Shape, type TensorType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import { variable } from "../ops/variable.ts";
import { joinKeys, keyOf, normalArray, uniformArray } from "../random.ts";

/** Makes a parameter's first values, row-major, from a random key. */
export type Initialiser = (type: TensorType, key: number) => Float32Array<ArrayBuffer>;

/** Copies of parameters in float16, which an optimizer keeps, by parameter. */
export type HalfCopies = ReadonlyMap<Tensor, Tensor>;

/** One tensor of a model. */
export interface Parameter {
  /** As in PyTorch's state dict. */
  key: string;
  /** As files have it; the tensor may have further axes of one element. */
  shape: Shape;
  tensor: Tensor;
  initialise: Initialiser;
  /** The name of its random numbers, where that is not its key: tensors of one name start equal. */
  stream?: string;
}

/** PyTorch's default for convolutions, weight and bias alike: uniform in ±1/√fan_in. */
export function uniformInitialiser(fanIn: number): Initialiser {
  const bound = 1 / Math.sqrt(fanIn);
  return ({ shape }, key) => uniformArray(key, elementCount(shape), -bound, bound);
}

/** Standard normal values. */
export const normalInitialiser: Initialiser = ({ shape }, key) => normalArray(key, elementCount(shape));

/** He's normal initialisation for layers with ReLU (He et al. 2015): standard deviation √(2 / fan_in). */
export function kaimingInitialiser(fanIn: number): Initialiser {
  const deviation = Math.sqrt(2 / fanIn);
  return ({ shape }, key) => normalArray(key, elementCount(shape)).map((value) => value * deviation);
}

/** Ones. */
export const oneInitialiser: Initialiser = ({ shape }) => new Float32Array(elementCount(shape)).fill(1);

/** Zeros. */
export const zeroInitialiser: Initialiser = ({ shape }) => new Float32Array(elementCount(shape));

/** The parameters (which have gradients) and buffers (which do not) of one model, in the order in which they were made. */
export class ParameterSet {
  readonly parameters: Parameter[] = [];
  readonly buffers: Parameter[] = [];
  private readonly keys = new Set<string>();
  /** The copies that layers read while a float16 graph is built; see {@linkcode withHalves}. */
  private halves?: HalfCopies;

  /** A trained tensor. `shape` is its shape in files, where that is not the tensor's own. */
  parameter(key: string, type: TensorType, initialise: Initialiser, shape = type.shape): Tensor {
    return this.add(this.parameters, key, type, initialise, { shape });
  }

  /** A tensor that is part of the model but that no gradient reaches. */
  buffer(key: string, type: TensorType, initialise: Initialiser, stream?: string): Tensor {
    return this.add(this.buffers, key, type, initialise, { shape: type.shape, stream });
  }

  private add(
    list: Parameter[],
    key: string,
    type: TensorType,
    initialise: Initialiser,
    { shape, stream }: { shape: Shape; stream?: string },
  ): Tensor {
    if (this.keys.has(key)) throw new RangeError(`Cannot add ${key} twice`);
    this.keys.add(key);
    const tensor = variable(type, key);
    list.push({ key, shape, tensor, initialise, stream });
    return tensor;
  }

  /** Builds a graph whose layers read these copies of the parameters wherever their input is float16. */
  withHalves<Result>(halves: HalfCopies | undefined, build: () => Result): Result {
    const outer = this.halves;
    this.halves = halves;
    try {
      return build();
    } finally {
      this.halves = outer;
    }
  }

  /**
   * The parameter as a layer multiplies it by `x`: its float16 copy if `x` is float16.
   *
   * @throws {RangeError} if `x` is float16 and the graph is built without copies.
   */
  matching(x: Tensor, parameter: Tensor): Tensor {
    if (x.dtype !== "f16") return parameter;
    const copy = this.halves?.get(parameter);
    if (!copy) {
      throw new RangeError(
        `Cannot read ${parameter.label} in float16: the graph is built without a copy of it`,
      );
    }
    return copy;
  }

  /** Everything that a checkpoint holds. */
  get all(): Parameter[] {
    return [...this.parameters, ...this.buffers];
  }

  /** Values before training, a function of the seed and each key alone. */
  initialValues(seed: number): Map<string, Float32Array<ArrayBuffer>> {
    return new Map(
      this.all.map(({ key, tensor, initialise, stream = key }) => [
        key,
        initialise(tensor.type, joinKeys(seed, keyOf(stream))),
      ]),
    );
  }
}
