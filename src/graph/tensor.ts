/** The graph's nodes. A tensor stands for the result of one operation on other tensors; plans compute it. */

import { anyInputs, checkInputs } from "./inputs.ts";
import type { Operation, ReferenceValues } from "./operation.ts";
import type { DataType, Shape, TensorType } from "./layout.ts";

// deno-lint-ignore no-explicit-any -- only a node's operation knows the type of its attributes
export type AnyOperation = Operation<any>;

/** A part of another tensor's memory: channels of `host`, at every position, in the channels-last layout. */
export interface Place {
  host: Tensor;
  /** The first channel: a multiple of four. */
  channel: number;
}

/** A value in the graph. Nodes run in the order in which they were made, which is the order of `id`. */
export class Tensor {
  private static made = 0;
  readonly id = Tensor.made++;
  /** Where the values lie, if not in memory of the tensor's own. */
  place?: Place;
  /** Further tensors that this node's dispatches write; see {@linkcode auxiliaryResult}. */
  readonly auxiliary: Tensor[] = [];

  constructor(
    readonly operation: AnyOperation,
    readonly inputs: readonly Tensor[],
    // deno-lint-ignore no-explicit-any
    readonly attributes: any,
    readonly type: TensorType,
    /** Its name in messages and tables, such as a parameter's key. */
    readonly label: string,
  ) {}

  get shape(): Shape {
    return this.type.shape;
  }

  get dtype(): DataType {
    return this.type.dtype;
  }
}

/**
 * Makes the node that applies `operation` to `inputs`. Nothing is computed until a plan runs that contains the node.
 *
 * @param label the node's name in messages and tables; default: the operation's
 * @throws {RangeError | TypeError} if the inputs' types do not fit the operation
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { operations } from "../ops/table.ts";
 * import { variable } from "../ops/variable.ts";
 * import { floatType } from "./layout.ts";
 *
 * const x = variable(floatType([2, 3]), "x");
 * const y = apply(operations.relu, [x], undefined, "first activation");
 * assertEquals([y.label, y.shape], ["first activation", [2, 3]]);
 * assertThrows(() => apply(operations.add, [x, variable(floatType([2]), "b")], undefined), RangeError);
 * ```
 */
export function apply<Attributes>(
  operation: Operation<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
  label = operation.name,
): Tensor {
  const types = inputs.map((each) => each.type);
  checkInputs(operation.name, operation.inputs, types);
  return new Tensor(operation, inputs, attributes, operation.infer(types, attributes), label);
}

/**
 * Makes the node that applies `operation` and writes its values into `place`, if one is given.
 *
 * @throws {RangeError} if the result does not fit into the place
 * @throws {RangeError | TypeError} if the inputs' types do not fit the operation
 */
export function applyInto<Attributes>(
  operation: Operation<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
  place: Place | undefined,
  label = operation.name,
): Tensor {
  const node = apply(operation, inputs, attributes, label);
  if (!place) return node;
  const { host, channel } = place;
  const [own, whole] = [node.shape, host.shape];
  const fits = own.length === 4 && node.type.layout === "channels_last" &&
    host.type.layout === "channels_last" &&
    node.dtype === host.dtype && channel % 4 === 0 && channel + own[1]! <= whole[1]! &&
    own.every((extent, axis) => axis === 1 || extent === whole[axis]);
  if (!fits) {
    throw new RangeError(`Cannot place ${label} [${own}] at channel ${channel} of ${host.label} [${whole}]`);
  }
  node.place = place;
  return node;
}

/** Computes an auxiliary result in float64 from the values of its node's inputs. */
type AuxiliaryReference = (inputs: readonly ReferenceValues[]) => ReferenceValues;

const auxiliaryOperation: Operation<{ type: TensorType; reference: AuxiliaryReference }> = {
  name: "auxiliary_result",
  inputs: [anyInputs("inputs")],
  infer: (_, { type }) => type,
  gradient: () => [],
  lower: () => {},
  reference: ([, ...inputs], { attributes }) => attributes.reference(inputs),
  cost: () => ({ flops: 0, bytes: 0 }),
};

/**
 * Makes an auxiliary result: a further tensor that the dispatches of `node` write. The node's operation finds it in
 * `node.auxiliary` when it lowers the node, in the order in which they were made.
 */
export function auxiliaryResult(
  node: Tensor,
  type: TensorType,
  label: string,
  reference: AuxiliaryReference,
): Tensor {
  const tensor = apply(auxiliaryOperation, [node, ...node.inputs], { type, reference }, label);
  node.auxiliary.push(tensor);
  return tensor;
}

/** The tensor in whose memory the values lie: the tensor itself, or the outermost host of its place. */
export function storageOf(tensor: Tensor): Tensor {
  while (tensor.place) tensor = tensor.place.host;
  return tensor;
}

/** All nodes from which the given ones are computed, themselves included, in the order of execution. */
export function ancestors(tensors: Iterable<Tensor>): Tensor[] {
  const found = new Set<Tensor>();
  const open = [...tensors];
  for (let tensor = open.pop(); tensor; tensor = open.pop()) {
    if (found.has(tensor)) continue;
    found.add(tensor);
    open.push(...tensor.inputs);
  }
  return [...found].sort((first, second) => first.id - second.id);
}
