/** Tensors in host memory, with the element types that weight files use. */

const arrayTypes = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Float16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** An element type, under its name in safetensors files. */
export type DType = keyof typeof arrayTypes;

/** The elements of a tensor. */
export type HostArray =
  | Float64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** A tensor in row-major order. */
export interface HostTensor {
  shape: number[];
  data: HostArray;
  /**
   * Set only for the two element types without an array class of their own: bfloat16, stored as bit patterns in a
   * Uint16Array, and booleans, stored as 0 and 1 in a Uint8Array.
   */
  dtype?: "BF16" | "BOOL";
}

/** All element types. */
export const dtypes = Object.keys(arrayTypes) as DType[];

/** Whether `name` is the name of an element type. */
export function isDType(name: unknown): name is DType {
  return typeof name === "string" && Object.hasOwn(arrayTypes, name);
}

/** The size of one element, in bytes. */
export function bytesPerElement(dtype: DType): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}

/** The number of elements in a tensor of this shape; 1 for a scalar, whose shape is []. */
export function shapeSize(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The element type of a tensor. */
export function dtypeOf(tensor: HostTensor): DType {
  return tensor.dtype ??
    dtypes.find((dtype) => tensor.data instanceof arrayTypes[dtype] && !isTagged(dtype))!;
}

/** A tensor over the whole of `buffer`, which holds little-endian elements in row-major order. Nothing is copied. */
export function tensorOver(dtype: DType, shape: number[], buffer: ArrayBuffer): HostTensor {
  const data: HostArray = new arrayTypes[dtype](buffer);
  return isTagged(dtype) ? { shape, data, dtype } : { shape, data };
}

/**
 * The elements as float32. A float32 tensor's own array is returned; other element types are converted into a new
 * array, rounded to the nearest float32.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const bfloat16 = Uint16Array.of(0x3f80, 0xc000);
 * assertEquals(toFloat32({ shape: [2], data: bfloat16, dtype: "BF16" }), Float32Array.of(1, -2));
 * ```
 */
export function toFloat32(tensor: HostTensor): Float32Array<ArrayBuffer> {
  const { data } = tensor;
  if (data instanceof Float32Array) return data;
  if (tensor.dtype === "BF16") {
    // A bfloat16 is the upper half of a float32.
    return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return Float32Array.from(data as BigInt64Array, Number);
  }
  return new Float32Array(data);
}

function isTagged(dtype: DType): dtype is "BF16" | "BOOL" {
  return dtype === "BF16" || dtype === "BOOL";
}

/** Whether a value has the form of a {@linkcode HostTensor}. */
export function isTensor(value: unknown): value is HostTensor {
  return typeof value === "object" && value !== null && "shape" in value && "data" in value &&
    Array.isArray(value.shape) && ArrayBuffer.isView(value.data);
}
