/** The graph's nodes: a tensor is the result of one operation on other tensors, and is never computed here. */

import { anyInputs, checkInputs } from "./inputs.ts";
import type { Operation, ReferenceValues } from "./operation.ts";
import type { DataType, Shape, TensorType } from "./layout.ts";

// deno-lint-ignore no-explicit-any -- a node's attributes are its operation's own business
export type AnyOperation = Operation<any>;

/** A part of another tensor's memory: the rows of `host` (its positions in the channels-last layout), from a channel on. */
export interface Place {
  host: Tensor;
  /** A multiple of four. */
  channel: number;
}

/** A value in the graph. Nodes run in the order in which they were made, which is the order of `id`. */
export class Tensor {
  private static made = 0;
  readonly id = Tensor.made++;
  /** Where the values lie if not in memory of their own. */
  place?: Place;
  /** Tensors that this node's dispatches write beside its own; see {@linkcode auxiliaryResult}. */
  readonly auxiliary: Tensor[] = [];

  constructor(
    readonly operation: AnyOperation,
    readonly inputs: readonly Tensor[],
    // deno-lint-ignore no-explicit-any
    readonly attributes: any,
    readonly type: TensorType,
    /** For messages and tables, such as a parameter's key. */
    readonly label: string,
  ) {}

  get shape(): Shape {
    return this.type.shape;
  }

  get dtype(): DataType {
    return this.type.dtype;
  }
}

/** Makes the node that applies `operation`; throws a `RangeError` or `TypeError` where the shapes do not fit. */
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

/** Makes the node that applies `operation` and leaves its values in `place`. */
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

/** What a auxiliary result is by the oracle, from the values of its node's inputs. */
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

/** A second tensor that the node's own dispatches write: its lowering binds what it finds in `node.auxiliary`, in this order. */
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

/** The tensor in whose memory the values lie: the tensor itself, or the host of its place. */
export function storageOf(tensor: Tensor): Tensor {
  while (tensor.place) tensor = tensor.place.host;
  return tensor;
}

/** Every node that the given ones are computed from, themselves included, in the order of execution. */
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
