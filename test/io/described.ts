/** The expected content of test/data_files/torch, and values in the notation of its values.json. */

import { OpaqueObject } from "../../src/io/pickle_machine.ts";
import { dtypeOf, isTensor } from "../../src/io/host_tensor.ts";

/** The folder of the files that test/golden/make_torch_files.py writes. */
export const folder = new URL("../data_files/torch/", import.meta.url).pathname;

/** The entry of one file in values.json. */
interface Expected {
  value?: unknown;
  refused?: string;
  tensors?: Record<string, unknown>;
  metadata?: Record<string, string>;
}

export const expected: Record<string, Expected> = JSON.parse(Deno.readTextFileSync(`${folder}values.json`));

/** A value in the notation of values.json, which keeps all types distinct. */
export function described(value: unknown): unknown {
  if (isTensor(value)) {
    const numbers = value.data as ArrayLike<number | bigint>;
    return {
      tensor: dtypeOf(value),
      shape: value.shape,
      values: Array.from(numbers, (x) => element(value.dtype, x)),
    };
  }
  if (value instanceof Map) return { dict: [...value].map((item) => item.map(described)) };
  if (value instanceof OpaqueObject) return { object: value.type };
  if (value instanceof Set) return { set: [...value].toSorted() };
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return { list: value.map(described) };
  if (typeof value === "bigint") return { integer: String(value) };
  if (typeof value === "number" && !Number.isFinite(value)) {
    return { float: String(value).replace("Infinity", "inf").replace("NaN", "nan") };
  }
  return value;
}

function element(dtype: string | undefined, value: number | bigint): unknown {
  if (dtype === "BOOL") return value === 1;
  if (dtype === "BF16") return new Float32Array(Uint32Array.of(Number(value) << 16).buffer)[0];
  return Number.isSafeInteger(Number(value)) || typeof value === "number" ? Number(value) : String(value);
}
