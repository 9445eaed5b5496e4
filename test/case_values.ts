/** What a case of an operation is, and the values of its inputs: a pure function of the case. */

import type { InputRule } from "../src/graph/inputs.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { joinKeys, keyOf, randomUniform } from "../src/random.ts";

export interface CaseInput {
  shape: number[];
  /** Values lie in [low, high); default: −1 and 1. */
  low?: number;
  high?: number;
  /**
   * `integers` and `codes` are rounded down; codes are indices and uploaded as u32. In `repeated`, a codebook, the
   * second half of the columns equals the first, so that it holds each code twice. Default: `uniform`.
   */
  kind?: "uniform" | "codes" | "integers" | "repeated";
}

// deno-lint-ignore no-explicit-any -- each operation has attributes of its own
type Attributes = any;

/** What a case computes. */
export interface Built {
  /** What a test reads after a run: results, or variables that an update changes. */
  outputs: Tensor[];
  /** Nodes to run although nothing reads them. */
  effects?: Tensor[];
}

/** What the cases of one operation have in common. */
export interface CaseGroup {
  /** Builds the case's graph from variables that hold its inputs. Absent if another test runs the cases. */
  build?(inputs: readonly Tensor[], attributes: Attributes): Tensor | Built;
  /** The inputs that have a gradient; a straight-through one does not count, as it is no derivative. */
  gradients: "all" | "none" | readonly number[];
  /** What the case's inputs are, if they are not those of the operation's record. */
  accepts?: readonly InputRule[];
  /** `exact`: integers. `element`: no sums, so that float32 is close to exact. Default: float32 sums. */
  accuracy?: "exact" | "element";
  /** True if test/golden holds PyTorch's output and gradients. */
  golden?: boolean;
  /** Brings the outputs into the form that PyTorch gives them. */
  asGolden?(outputs: readonly Tensor[], values: readonly ArrayLike<number>[]): ArrayLike<number>[];
}

export interface OperationCase extends CaseGroup {
  /** A name in the table of operations, or that of a function that is made of several. */
  operation: string;
  /** What the case covers; unique within the operation. The inputs' values depend on it. */
  name: string;
  inputs: CaseInput[];
  attributes: Record<string, unknown>;
  /**
   * True if a step of a finite difference may cross a point that has no derivative; PyTorch's goldens cover the
   * gradient.
   */
  hasKinks?: boolean;
}

/** What one case adds to its group. */
export type CaseDetails =
  & Pick<OperationCase, "name" | "inputs">
  & Partial<Omit<OperationCase, "operation">>;

/** A call that must be refused. */
export interface Refusal {
  operation: string;
  /** What does not fit. */
  what: string;
  build(): Tensor;
  /** What the message must contain. */
  details: string[];
}

/** The cases and refusals of related operations. */
export interface CaseFamily {
  cases: readonly OperationCase[];
  refusals: readonly Refusal[];
}

/** Cases of one operation, which differ in their inputs and attributes. */
export function casesFor(
  operation: string,
  group: CaseGroup,
  cases: readonly CaseDetails[],
): OperationCase[] {
  return cases.map((each) => ({ attributes: {}, ...group, ...each, operation }));
}

/** `count` inputs of one shape for each of the shapes, which also name the cases. */
export function sameShapes(count: number, shapes: readonly number[][], attributes = {}): CaseDetails[] {
  return shapes.map((shape) => ({
    name: shape.join("x"),
    inputs: Array.from({ length: count }, () => ({ shape })),
    attributes,
  }));
}

/** Calls that an operation must refuse: what does not fit, the call, and what its message must contain. */
export function refusalsOf(
  operation: string,
  refused: readonly [what: string, build: () => Tensor, ...details: string[]][],
): Refusal[] {
  return refused.map(([what, build, ...details]) => ({ operation, what, build, details }));
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

/** The upstream gradient of the goldens and tests: uniform in [−1, 1), one value for each output. */
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
