/** Memory that outlives a step: parameters, buffers, inputs that the host writes, constants. */

import { elementCount, floatType, storedCount, type TensorType } from "../graph/layout.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";

interface VariableAttributes {
  type: TensorType;
  /** The value of every element before the first step. */
  value: number;
}

const variableOperation: Operation<VariableAttributes> = {
  name: "variable",
  inputs: [],
  persistent: true,
  infer: (_, { type }) => type,
  gradient: () => [],
  lower: () => {},
  reference: (_, node) => new Float64Array(elementCount(node.shape)).fill(node.attributes.value),
  cost: () => ({ flops: 0, bytes: 0 }),
  initial(node) {
    const { type, value } = node.attributes as VariableAttributes;
    if (value === 0) return undefined;
    if (type.layout !== "flat") {
      throw new RangeError(
        `${node.label}: an initial value of ${value} needs the layout flat, not ${type.layout}`,
      );
    }
    const values = type.dtype === "u32"
      ? new Uint32Array(storedCount(type))
      : new Float32Array(storedCount(type));
    return values.fill(value, 0, elementCount(type.shape));
  },
};

/**
 * Memory that keeps its values from step to step, and that the host can write and read. Every element starts as
 * `value`, zero by default; a plan refuses any other value for layouts but `flat`.
 */
export function variable(type: TensorType, label: string, value = 0): Tensor {
  return apply(variableOperation, [], { type, value }, label);
}

/** A flat float32 tensor all of whose elements have one value, which never changes; a scalar [] by default. */
export function constant(value: number, shape: readonly number[] = [], label = `constant ${value}`): Tensor {
  return apply(variableOperation, [], { type: floatType(shape), value }, label);
}

/** The value of a tensor that {@linkcode constant} made; undefined for zero and for any other tensor. */
export function constantValue(tensor: Tensor): number | undefined {
  return tensor.operation === variableOperation && tensor.attributes.value !== 0
    ? tensor.attributes.value
    : undefined;
}

export { variableOperation };
