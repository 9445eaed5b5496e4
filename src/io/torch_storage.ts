/** Storages: the flat arrays of elements that PyTorch's tensors are views of. */

import { DataError } from "../errors.ts";
import type { Budget } from "./budget.ts";
import { bytesPerElement, type DType, type HostTensor, shapeSize, tensorOver } from "./host_tensor.ts";

/** The element types of PyTorch's storage classes. */
export const storageTypes: Record<string, DType> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

/**
 * The element sizes of storages whose elements have no type here, in bytes. Only tensors that name a type themselves,
 * as `_rebuild_tensor_v3` does, can be read from them.
 */
export const untypedStorageSizes: Record<string, number> = {
  UntypedStorage: 1,
  ComplexDoubleStorage: 16,
  ComplexFloatStorage: 8,
  QInt32Storage: 4,
  QInt8Storage: 1,
  QUInt8Storage: 1,
  QUInt4x2Storage: 1,
  QUInt2x4Storage: 1,
};

/** The place of a tensor's elements in a storage: element (i, j, …) is at start + i·stride[0] + j·stride[1] + …. */
export interface Layout {
  dtype: DType;
  shape: number[];
  /** In elements. */
  stride: number[];
  /** In bytes. */
  start: number;
}

/** A storage that the pickle refers to, and the tensors that are views of it. Its bytes are elsewhere in the file. */
export class TorchStorage {
  private readonly layouts = new Map<HostTensor, Layout>();

  /**
   * @param elementSize in bytes
   * @param dtype the type of its elements, if the storage has one
   */
  constructor(readonly count: number, readonly elementSize: number, readonly dtype: DType | undefined) {}

  /** The size of the storage, in bytes. */
  get byteLength(): number {
    return this.count * this.elementSize;
  }

  /** All tensors that are views of this storage, except those without elements. */
  get tensors(): Iterable<HostTensor> {
    return this.layouts.keys();
  }

  /**
   * Creates a tensor that is a view of this storage. Its data is empty until {@linkcode fill} is called.
   *
   * @throws {DataError} if the view reaches past the end of the storage, or its elements are not aligned
   */
  tensor(layout: Layout): HostTensor {
    const { dtype, shape, stride, start } = layout;
    const tensor = tensorOver(dtype, shape, new ArrayBuffer(0));
    if (shapeSize(shape) === 0) return tensor;
    const size = bytesPerElement(dtype);
    const last = shape.reduce((sum, extent, axis) => sum + (extent - 1) * stride[axis]!, 0);
    if (!(start + (last + 1) * size <= this.byteLength)) {
      throw new DataError(
        `a tensor of shape [${shape}] reaches past the ${this.count} elements of its storage`,
      );
    }
    if (start % size !== 0) throw new DataError(`a tensor of shape [${shape}] is not aligned in its storage`);
    this.layouts.set(tensor, layout);
    return tensor;
  }

  /** Whether any of these tensors is a view of this storage. */
  isUsedBy(wanted: ReadonlySet<HostTensor>): boolean {
    for (const tensor of this.layouts.keys()) {
      if (wanted.has(tensor)) return true;
    }
    return false;
  }

  /**
   * Gives the wanted tensors their elements.
   *
   * @param bytes the storage's elements; the array must cover its whole buffer
   * @param budget the bytes that all tensors may take
   * @param swap whether the bytes of each element are in the other order than the system's
   */
  fill(
    bytes: Uint8Array<ArrayBuffer>,
    wanted: ReadonlySet<HostTensor>,
    { budget, swap }: { budget: Budget; swap: boolean },
  ): void {
    for (const [tensor, layout] of this.layouts) {
      if (!wanted.has(tensor)) continue;
      const size = bytesPerElement(layout.dtype);
      budget.spend(shapeSize(layout.shape) * size);
      // Every tensor gets memory of its own, so that changing one tensor does not change another.
      const buffer = gather(bytes.buffer, layout, size);
      if (swap) swapBytes(new Uint8Array(buffer), size);
      tensor.data = tensorOver(layout.dtype, layout.shape, buffer).data;
    }
  }
}

/** The elements of a view, in row-major order. */
function gather(storage: ArrayBuffer, { shape, stride, start }: Layout, size: number): ArrayBuffer {
  const axes = mergedAxes(shape, stride);
  const { extent: row, step } = axes.pop() ?? { extent: 1, step: 1 };
  if (axes.length === 0 && step === 1) return storage.slice(start, start + row * size);

  // An element of eight bytes is two words, because numbers of eight bytes would be slow (bigint) or not exact (float).
  const words = size === 8 ? 2 : 1;
  const WordArray = size === 1 ? Uint8Array : size === 2 ? Uint16Array : Uint32Array;
  const source = new WordArray(storage, 0, Math.floor(storage.byteLength / WordArray.BYTES_PER_ELEMENT));
  const target = new WordArray(shapeSize(shape) * words);
  const index = axes.map(() => 0);
  let from = start / size;
  for (let written = 0; written < target.length;) {
    for (let column = 0; column < row; column++) {
      const at = (from + column * step) * words;
      target[written++] = source[at]!;
      if (words === 2) target[written++] = source[at + 1]!;
    }
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const { extent, step } = axes[axis]!;
      from += step;
      if (++index[axis]! < extent) break;
      from -= step * extent;
      index[axis] = 0;
    }
  }
  return target.buffer;
}

/** The axes of a view, without those of extent 1, and with those merged that are contiguous. */
function mergedAxes(shape: readonly number[], stride: readonly number[]): { extent: number; step: number }[] {
  const merged: { extent: number; step: number }[] = [];
  for (const [axis, extent] of shape.entries()) {
    const step = stride[axis]!;
    const outer = merged.at(-1);
    if (extent === 1) continue;
    if (outer && outer.step === step * extent) Object.assign(outer, { extent: outer.extent * extent, step });
    else merged.push({ extent, step });
  }
  return merged;
}

function swapBytes(bytes: Uint8Array, size: number): void {
  if (size === 1) return;
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}
