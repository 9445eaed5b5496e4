import { DataError } from "../errors.ts";
import { bytesPerElement, type DType, elementCount, type HostTensor, tensorOver } from "./host_tensor.ts";

/**
 * The flat memory that one or several tensors look into, known by the name of its element type in PyTorch.
 */
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
 * Where a tensor's elements lie in its storage: element (i, j, …) at offset + i·stride[0] + j·stride[1] + ….
 */
interface View {
  tensor: HostTensor;
  offset: number;
  stride: number[];
}

/**
 * A storage that the pickle names and whose bytes lie elsewhere in the file, and the tensors that wait for
 * them.
 */
export class TorchStorage {
  readonly #views: View[] = [];

  constructor(readonly dtype: DType, readonly count: number) {}

  get byteLength(): number {
    return this.count * bytesPerElement(this.dtype);
  }

  get isUsed(): boolean {
    return this.#views.length > 0;
  }

  /** A tensor that looks into this storage; its data is empty until `fill`. */
  tensor(offset: number, shape: number[], stride: number[]): HostTensor {
    const last = offset + shape.reduce((sum, size, axis) => sum + (size - 1) * stride[axis]!, 0);
    if (elementCount(shape) > 0 && !(last < this.count)) {
      throw new DataError(
        `a tensor of shape [${shape}] looks past the ${this.count} elements of its storage`,
      );
    }
    const tensor = tensorOver(this.dtype, shape, new ArrayBuffer(0));
    if (elementCount(shape) > 0) this.#views.push({ tensor, offset, stride });
    return tensor;
  }

  /**
   * Hands each waiting tensor its elements. `bytes` are the storage's own, little-endian, in a buffer of
   * their own.
   */
  fill(bytes: Uint8Array<ArrayBuffer>): void {
    const alone = this.#views.length === 1;
    for (const { tensor, offset, stride } of this.#views) {
      if (!isRowMajor(tensor.shape, stride)) {
        tensor.data =
          gathered(tensorOver(this.dtype, [this.count], bytes.buffer), tensor.shape, offset, stride).data;
        continue;
      }
      const size = bytesPerElement(this.dtype);
      const [start, end] = [offset * size, (offset + elementCount(tensor.shape)) * size];
      // Tensors share no memory, so that nobody who changes one changes another.
      const buffer = alone && end - start === bytes.length ? bytes.buffer : bytes.buffer.slice(start, end);
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
function gathered(
  storage: HostTensor,
  shape: number[],
  offset: number,
  stride: readonly number[],
): HostTensor {
  const count = elementCount(shape);
  // Source and target are of one class, whichever it is, and the compiler need not know which.
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
