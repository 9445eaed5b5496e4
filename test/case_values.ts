/** What a case of an operation is, and the values of its inputs: a pure function of the case. */

import { joinKeys, keyOf, randomUniform } from "../src/random.ts";

export interface CaseInput {
  shape: number[];
  /** Values lie in [low, high); −1 and 1 unless told. */
  low?: number;
  high?: number;
  /**
   * `integers` and `codes` are rounded down (codes are indices, to be uploaded as integers); in `repeated`, a codebook, the
   * second half of the columns equals the first, so that each of its codes is there twice.
   */
  kind?: "uniform" | "codes" | "integers" | "repeated";
}

export interface OperationCase {
  operation: string;
  /** What the case is there for; unique within the operation. */
  name: string;
  inputs: CaseInput[];
  attributes: Record<string, unknown>;
  /** True where test/golden holds PyTorch's output and gradients for it. */
  golden?: boolean;
}

/** The key of the stream that holds a case's values. */
export function caseKey({ operation, name }: OperationCase): number {
  return keyOf(`${operation}/${name}`);
}

/** The values of every input, row-major, a pure function of the case; codes come as whole float32 numbers. */
export function caseInputs(operationCase: OperationCase): Float32Array<ArrayBuffer>[] {
  return operationCase.inputs.map((input, index) =>
    inputValues(input, joinKeys(caseKey(operationCase), index))
  );
}

/** The upstream gradient that the goldens' and tests' gradients are for: uniform in [−1, 1), one value an output. */
export function caseWeights(operationCase: OperationCase, outputLength: number): Float32Array<ArrayBuffer> {
  return inputValues({ shape: [outputLength] }, joinKeys(caseKey(operationCase), 1000));
}

function inputValues({ shape, low = -1, high = 1, kind = "uniform" }: CaseInput, key: number) {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const columns = shape.at(-1) ?? 1, distinct = Math.ceil(columns / 2);
  return Float32Array.from({ length: count }, (_, index) => {
    const column = index % columns;
    const counter = kind === "repeated" ? index - column + column % distinct : index;
    const value = low + (high - low) * randomUniform(key, counter);
    return kind === "integers" || kind === "codes" ? Math.floor(value) : value;
  });
}
