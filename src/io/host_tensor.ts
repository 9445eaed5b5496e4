/** Tensors in the host's memory, as files hold them. */

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

/** An element type, by its name in safetensors files. */
export type DType = keyof typeof arrayTypes;

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
   * Only where the array's class does not tell it: bfloat16 as bit patterns in a Uint16Array, and booleans as
   * 0 and 1 in a Uint8Array.
   */
  dtype?: "BF16" | "BOOL";
}

/** Every element type. */
export const dtypes = Object.keys(arrayTypes) as DType[];

/** Whether `name` is the name of an element type. */
export function isDType(name: unknown): name is DType {
  return typeof name === "string" && Object.hasOwn(arrayTypes, name);
}

/** The size of one element, in bytes. */
export function bytesPerElement(dtype: DType): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}

/** The number of elements in a tensor of this shape; a scalar, of shape [], has one. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The element type of a tensor. */
export function dtypeOf(tensor: HostTensor): DType {
  return tensor.dtype ??
    dtypes.find((dtype) => tensor.data instanceof arrayTypes[dtype] && !isTagged(dtype))!;
}

/**
 * A tensor over the whole of `buffer`, which holds little-endian elements in row-major order; nothing is
 * copied.
 */
export function tensorOver(dtype: DType, shape: number[], buffer: ArrayBuffer): HostTensor {
  const data: HostArray = new arrayTypes[dtype](buffer);
  return isTagged(dtype) ? { shape, data, dtype } : { shape, data };
}

/** The values as float32: the tensor's own array where it is float32, else a rounded copy. */
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

/** Whether a value is a tensor. */
export function isTensor(value: unknown): value is HostTensor {
  return typeof value === "object" && value !== null && "shape" in value && "data" in value &&
    Array.isArray(value.shape) && ArrayBuffer.isView(value.data);
}
