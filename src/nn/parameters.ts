/** A model's parameters and buffers: their keys, their variables in the graph, and their initial values. */

import { elementCount, type Shape, type TensorType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import { variable } from "../ops/variable.ts";
import { joinKeys, keyOf, normalArray, uniformArray } from "../random.ts";

/** Draws a parameter's initial values, row-major, by a random key. */
export type Initialiser = (type: TensorType, key: number) => Float32Array<ArrayBuffer>;

/** Copies of parameters in float16, which an optimizer keeps, by parameter. */
export type HalfCopies = ReadonlyMap<Tensor, Tensor>;

/** One tensor of a model. */
export interface Parameter {
  /** The key in PyTorch's state dict. */
  key: string;
  /** The shape in files. The tensor may have additional axes of extent 1. */
  shape: Shape;
  tensor: Tensor;
  initialise: Initialiser;
  /** Names the random numbers of the initial values; default: the key. Parameters with one stream start equal. */
  stream?: string;
}

/** Uniform in ±1/√fan_in: PyTorch's default for the weights and biases of convolutions. */
export function uniformInitialiser(fanIn: number): Initialiser {
  const bound = 1 / Math.sqrt(fanIn);
  return ({ shape }, key) => uniformArray(key, elementCount(shape), -bound, bound);
}

/** Standard normal values. */
export const normalInitialiser: Initialiser = ({ shape }, key) => normalArray(key, elementCount(shape));

/** Normal with the standard deviation √(2 / fan_in), for layers with ReLU (He et al. 2015). */
export function kaimingInitialiser(fanIn: number): Initialiser {
  const deviation = Math.sqrt(2 / fanIn);
  return ({ shape }, key) => normalArray(key, elementCount(shape)).map((value) => value * deviation);
}

/** Ones. */
export const oneInitialiser: Initialiser = ({ shape }) => new Float32Array(elementCount(shape)).fill(1);

/** Zeros. */
export const zeroInitialiser: Initialiser = ({ shape }) => new Float32Array(elementCount(shape));

/**
 * The parameters, which are trained by gradients, and the buffers, which are not, of one model, in the order of
 * creation.
 */
export class ParameterSet {
  readonly parameters: Parameter[] = [];
  readonly buffers: Parameter[] = [];
  private readonly keys = new Set<string>();
  /** The copies that layers read while a float16 graph is built; see {@linkcode withHalves}. */
  private halves?: HalfCopies;

  /**
   * Adds a parameter and returns its variable.
   *
   * @param shape the shape in files; default: the tensor's own
   * @throws {RangeError} if the key exists
   */
  parameter(key: string, type: TensorType, initialise: Initialiser, shape = type.shape): Tensor {
    return this.add(this.parameters, key, type, initialise, { shape });
  }

  /**
   * Adds a buffer, a tensor of the model that gradients do not reach, and returns its variable.
   *
   * @param stream see {@linkcode Parameter.stream}
   * @throws {RangeError} if the key exists
   */
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

  /** Parameters and buffers: what a checkpoint holds. */
  get all(): Parameter[] {
    return [...this.parameters, ...this.buffers];
  }

  /** Initial values by key, row-major. Each tensor's values depend on the seed and its key alone. */
  initialValues(seed: number): Map<string, Float32Array<ArrayBuffer>> {
    return new Map(
      this.all.map(({ key, tensor, initialise, stream = key }) => [
        key,
        initialise(tensor.type, joinKeys(seed, keyOf(stream))),
      ]),
    );
  }
}
