/** The graph's nodes: a tensor is the result of one operation on other tensors, and is never computed here. */

import type { Operation } from "./operation.ts";
import type { DataType, Shape, TensorType } from "./layout.ts";

// deno-lint-ignore no-explicit-any -- a node's attributes are its operation's own business
export type AnyOperation = Operation<any>;

/** A value in the graph. Nodes run in the order in which they were made, which is the order of `id`. */
export class Tensor {
  private static made = 0;
  readonly id = Tensor.made++;

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
  return new Tensor(
    operation,
    inputs,
    attributes,
    operation.infer(inputs.map((each) => each.type), attributes),
    label,
  );
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
