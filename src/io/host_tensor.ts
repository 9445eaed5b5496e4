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
  F8_E4M3: Uint8Array,
  F8_E5M2: Uint8Array,
  F8_E4M3FNUZ: Uint8Array,
  F8_E5M2FNUZ: Uint8Array,
} as const;

/**
 * The 8-bit floats. Both "fnuz" formats have no infinities and no negative zero, whose bits mean NaN. E4M3 has no
 * infinities. (OCP 8-bit Floating Point Specification, 2023; Noune et al., "8-bit Numerical Formats for Deep Neural
 * Networks", 2022.)
 */
const float8Formats: Partial<
  Record<DType, { mantissaBits: number; bias: number; isNumber(bits: number): boolean }>
> = {
  F8_E4M3: { mantissaBits: 3, bias: 7, isNumber: (bits) => (bits & 0x7f) !== 0x7f },
  F8_E5M2: { mantissaBits: 2, bias: 15, isNumber: (bits) => (bits & 0x7f) <= 0x7c },
  F8_E4M3FNUZ: { mantissaBits: 3, bias: 8, isNumber: (bits) => bits !== 0x80 },
  F8_E5M2FNUZ: { mantissaBits: 2, bias: 16, isNumber: (bits) => bits !== 0x80 },
};

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
   * Set only for the element types without an array class of their own: bfloat16, stored as bit patterns in a
   * Uint16Array, 8-bit floats, stored as bit patterns in a Uint8Array, and booleans, stored as 0 and 1 in a Uint8Array.
   */
  dtype?: TaggedDType;
}

type TaggedDType = "BF16" | "BOOL" | "F8_E4M3" | "F8_E5M2" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ";

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
  if (tensor.dtype !== undefined && tensor.dtype !== "BOOL") {
    const values = float8Values(tensor.dtype);
    return Float32Array.from(data as Uint8Array, (bits) => values[bits]!);
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return Float32Array.from(data as BigInt64Array, Number);
  }
  return new Float32Array(data);
}

/** The values of all 256 bit patterns of an 8-bit float. */
function float8Values(dtype: DType): Float32Array {
  const { mantissaBits, bias, isNumber } = float8Formats[dtype]!;
  return Float32Array.from({ length: 256 }, (_, bits) => {
    if (!isNumber(bits)) return NaN;
    const sign = bits & 0x80 ? -1 : 1;
    const exponent = (bits & 0x7f) >> mantissaBits;
    const mantissa = (bits & ((1 << mantissaBits) - 1)) / (1 << mantissaBits);
    if (dtype === "F8_E5M2" && exponent === 31) return sign * Infinity;
    return sign * (exponent === 0 ? mantissa * 2 ** (1 - bias) : (1 + mantissa) * 2 ** (exponent - bias));
  });
}

function isTagged(dtype: DType): dtype is TaggedDType {
  return dtype === "BF16" || dtype === "BOOL" || dtype.startsWith("F8_");
}

/** Whether a value has the form of a {@linkcode HostTensor}. */
export function isTensor(value: unknown): value is HostTensor {
  return typeof value === "object" && value !== null && "shape" in value && "data" in value &&
    Array.isArray(value.shape) && ArrayBuffer.isView(value.data);
}
