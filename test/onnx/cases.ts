/**
 * Reads the ONNX project's node tests from a folder: `NAME/model.onnx` with one node, `NAME/test_data_set_0/input_N.pb`
 * and `output_N.pb`. Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */

import { bytesOf, integersOf, readFields, textOf, valuesOf } from "./protobuf.ts";

export interface OnnxTensor {
  shape: number[];
  data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
}

export type OnnxAttribute = number | number[] | string;

export interface OnnxCase {
  /** The folder's name, such as `test_relu`. */
  name: string;
  /** ONNX's name for the operation, such as `Relu`. */
  opType: string;
  attributes: Record<string, OnnxAttribute>;
  inputs: OnnxTensor[];
  outputs: OnnxTensor[];
}

/**
 * The folder of the cases: the environment variable `ONNX_NODE_TESTS`, or else `shared/onnx` next to the repository.
 */
export function onnxFolder(): string | URL {
  return Deno.env.get("ONNX_NODE_TESTS") || new URL("../../../shared/onnx", import.meta.url);
}

/** All cases of a folder, sorted by name; undefined if there is no such folder. */
export function loadOnnxCases(folder: string | URL = onnxFolder()): OnnxCase[] | undefined {
  const root = folder instanceof URL ? decodeURIComponent(folder.pathname) : folder;
  try {
    const names = Array.from(Deno.readDirSync(root)).filter((entry) => entry.isDirectory).map(({ name }) =>
      name
    );
    return names.sort().map((name) => loadOnnxCase(root, name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function loadOnnxCase(root: string, name: string): OnnxCase {
  const model = readFields(Deno.readFileSync(`${root}/${name}/model.onnx`));
  const node = readFields(bytesOf(readFields(bytesOf(model, 7)), 1));
  const attributes = valuesOf(node, 5).map((bytes) => readAttribute(bytes as Uint8Array<ArrayBuffer>));
  const data = `${root}/${name}/test_data_set_0`;
  return {
    name,
    opType: textOf(node, 4),
    attributes: Object.fromEntries(attributes),
    inputs: readTensors(data, "input"),
    outputs: readTensors(data, "output"),
  };
}

function readAttribute(bytes: Uint8Array<ArrayBuffer>): [string, OnnxAttribute] {
  const fields = readFields(bytes);
  const values: Record<number, () => OnnxAttribute> = {
    1: () => Number(valuesOf(fields, 2)[0] ?? 0),
    2: () => integersOf(fields, 3)[0] ?? 0,
    3: () => textOf(fields, 4),
    6: () => valuesOf(fields, 7).map(Number),
    7: () => integersOf(fields, 8),
  };
  const name = textOf(fields, 1), type = integersOf(fields, 20)[0]!;
  const value = values[type];
  if (!value) throw new TypeError(`Cannot read the ONNX attribute ${name}: its type is ${type}`);
  return [name, value()];
}

function readTensors(folder: string, kind: string): OnnxTensor[] {
  const count = Array.from(Deno.readDirSync(folder)).filter(({ name }) => name.startsWith(`${kind}_`)).length;
  return Array.from({ length: count }, (_, index) => readTensor(`${folder}/${kind}_${index}.pb`));
}

function readTensor(path: string): OnnxTensor {
  const fields = readFields(Deno.readFileSync(path));
  const shape = integersOf(fields, 1), type = integersOf(fields, 2)[0];
  const { buffer } = bytesOf(fields, 9).slice();
  if (type === 1) return { shape, data: new Float32Array(buffer) };
  if (type === 7) return { shape, data: Int32Array.from(new BigInt64Array(buffer), Number) };
  throw new TypeError(
    `Cannot read ${path}: its data type is ${type}; expected 1 (float32) or 7 (int64)`,
  );
}
