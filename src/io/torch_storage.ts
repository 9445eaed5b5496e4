/** Storages: the flat arrays of elements that PyTorch's tensors are views of. */

import { DataError } from "../errors.ts";
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

/** Where a tensor's elements are in its storage: element (i, j, …) is at offset + i·stride[0] + j·stride[1] + …. */
interface View {
  tensor: HostTensor;
  offset: number;
  stride: number[];
}

/** A storage that the pickle refers to, and the tensors that need its bytes, which are elsewhere in the file. */
export class TorchStorage {
  private readonly views: View[] = [];

  constructor(readonly dtype: DType, readonly count: number) {}

  /** The size of the storage, in bytes. */
  get byteLength(): number {
    return this.count * bytesPerElement(this.dtype);
  }

  /** Whether any tensor needs the storage's bytes. */
  get isUsed(): boolean {
    return this.views.length > 0;
  }

  /**
   * Creates a tensor that is a view of this storage. Its data is empty until {@linkcode fill} is called.
   *
   * @throws {DataError} if the view reaches past the end of the storage
   */
  tensor(offset: number, shape: number[], stride: number[]): HostTensor {
    const last = offset + shape.reduce((sum, size, axis) => sum + (size - 1) * stride[axis]!, 0);
    if (shapeSize(shape) > 0 && !(last < this.count)) {
      throw new DataError(
        `a tensor of shape [${shape}] reaches past the ${this.count} elements of its storage`,
      );
    }
    const tensor = tensorOver(this.dtype, shape, new ArrayBuffer(0));
    if (shapeSize(shape) > 0) this.views.push({ tensor, offset, stride });
    return tensor;
  }

  /**
   * Gives each tensor its elements.
   *
   * @param bytes the storage's little-endian elements, which fill their whole buffer
   */
  fill(bytes: Uint8Array<ArrayBuffer>): void {
    const isOnly = this.views.length === 1;
    for (const { tensor, offset, stride } of this.views) {
      if (!isRowMajor(tensor.shape, stride)) {
        tensor.data =
          gatherView(tensorOver(this.dtype, [this.count], bytes.buffer), tensor.shape, offset, stride).data;
        continue;
      }
      const size = bytesPerElement(this.dtype);
      const [start, end] = [offset * size, (offset + shapeSize(tensor.shape)) * size];
      // Every tensor gets memory of its own, so that changing one tensor does not change another.
      const buffer = isOnly && end - start === bytes.length ? bytes.buffer : bytes.buffer.slice(start, end);
      tensor.data = tensorOver(this.dtype, tensor.shape, buffer).data;
    }
  }
}

function isRowMajor(shape: readonly number[], stride: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** The elements of a strided view, in row-major order. */
function gatherView(
  storage: HostTensor,
  shape: number[],
  offset: number,
  stride: readonly number[],
): HostTensor {
  const count = shapeSize(shape);
  // Source and target have the same array class. Which one does not matter to the compiler.
  const source = storage.data as Uint8Array;
  const target = new (source.constructor as Uint8ArrayConstructor)(count);
  const index = shape.map(() => 0);
  for (let written = 0, position = offset; written < count; written++) {
    target[written] = source[position]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += stride[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= stride[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { ...storage, shape, data: target };
}
