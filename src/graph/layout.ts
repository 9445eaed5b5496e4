/**
 * How a tensor's elements lie in memory. Shapes are PyTorch's everywhere (images [B, C, H, W], convolution weights
 * [out, in, height, width]). On the GPU channels come last and are padded to a multiple of four, so that every kernel
 * reads and writes vec4. The padding is zero, and every operation keeps it zero.
 */

/** The extents of a tensor's axes; [] for a scalar. */
export type Shape = readonly number[];
/** How floats are stored. Kernels compute in float32 either way. */
export type FloatType = "f32" | "f16";
export type DataType = FloatType | "u32";

/** The order of the axes in memory, the slowest first, and the axes that are padded to a multiple of four. */
interface LayoutRule {
  order: readonly number[];
  padded: readonly number[];
}

const rules = {
  /** Images [B, C, H, W] as [B][H][W][C]. */
  channels_last: { order: [0, 2, 3, 1], padded: [1] },
  /** Convolution weights [N, M, height, width] as [height][width][M][N]. */
  taps_first: { order: [2, 3, 1, 0], padded: [0, 1] },
  /** A codebook [dim, codes] as [codes][dim]: a code is one row. */
  codes_first: { order: [1, 0], padded: [0] },
} as const satisfies Record<string, LayoutRule>;

/**
 * The order of a tensor's elements in memory. `flat` is row-major, padded at the end to a multiple of four elements.
 */
export type Layout = keyof typeof rules | "flat";

/** The type of a tensor: its shape, and how its elements are stored. */
export interface TensorType {
  shape: Shape;
  dtype: DataType;
  layout: Layout;
}

/** The type of a tensor of floats; by default flat and float32. */
export function floatType(shape: Shape, layout: Layout = "flat", dtype: DataType = "f32"): TensorType {
  return { shape, dtype, layout };
}

/** The number of elements of a shape; 1 for a scalar's []. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** `value` divided by `divisor`, rounded up. */
export function divideUp(value: number, divisor: number): number {
  return Math.ceil(value / divisor);
}

/** `value` rounded up to a multiple of `step`. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** The bytes of one element. */
export function elementBytes(dtype: DataType): number {
  return dtype === "f16" ? 2 : 4;
}

/** The number of elements that a tensor takes in memory, padding included. */
export function storedCount({ shape, layout }: TensorType): number {
  if (layout === "flat") return roundUp(elementCount(shape), 4);
  return elementCount(storedExtents(shape, rules[layout]));
}

/** The bytes that a tensor takes in memory. */
export function storedBytes(type: TensorType): number {
  return elementBytes(type.dtype) * storedCount(type);
}

function storedExtents(shape: Shape, { padded }: LayoutRule): number[] {
  return shape.map((extent, axis) => padded.includes(axis) ? roundUp(extent, 4) : extent);
}

type Values = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Brings row-major `values` of the tensor's shape into the stored order, padding added. Does not round to float16. */
export function pack<V extends Values>(type: TensorType, values: V): V {
  const stored = new (values.constructor as new (length: number) => V)(storedCount(type));
  forEachElement(type, (logical, at) => stored[at] = values[logical]!);
  return stored;
}

/** The reverse of {@linkcode pack}: row-major values of the tensor's shape. */
export function unpack<V extends Values>(type: TensorType, stored: V): V {
  const values = new (stored.constructor as new (length: number) => V)(elementCount(type.shape));
  forEachElement(type, (logical, at) => values[logical] = stored[at]!);
  return values;
}

/** Visits the elements in row-major order, with the index of each there and in memory. */
function forEachElement({ shape, layout }: TensorType, visit: (logical: number, stored: number) => void) {
  const count = elementCount(shape);
  if (layout === "flat") {
    for (let index = 0; index < count; index++) visit(index, index);
    return;
  }
  const rule: LayoutRule = rules[layout];
  const extents = storedExtents(shape, rule);
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (const axis of rule.order.toReversed()) {
    strides[axis] = stride;
    stride *= extents[axis]!;
  }
  const position = new Array<number>(shape.length).fill(0);
  let at = 0;
  for (let index = 0; index < count; index++) {
    visit(index, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++position[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
}
