/** Runs the coder of `assembly/`, which is compiled to WebAssembly. */

import { DataError } from "../errors.ts";

/** Effort of encoding. Files name it, since decoding takes the same path. */
export type Effort = "fast" | "best";

/** One plane of samples in 0 … `maximum`. */
export interface PlaneShape {
  width: number;
  height: number;
  maximum: number;
  /** The largest error that a sample may get. */
  maxError: number;
  effort: Effort;
  /** Whether this coder coded the plane before of the same tile, so that its errors are a context. */
  hasSide: boolean;
}

interface Exports {
  memory: WebAssembly.Memory;
  layout(width: number, height: number, capacity: number): number;
  samples(): number;
  side(): number;
  bytes(): number;
  code(
    width: number,
    height: number,
    maximum: number,
    near: number,
    length: number,
    decode: number,
    best: number,
    hasSide: number,
  ): number;
}

let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  const response = await fetch(new URL("coder.wasm", import.meta.url));
  return await WebAssembly.compile(await response.arrayBuffer());
}

/** A coder with memory of its own. Planes of one tile must go through one coder in order. */
export class Coder {
  private constructor(private readonly exports: Exports) {}

  static async create(): Promise<Coder> {
    compiled ??= compile();
    const abort = () => {
      throw new Error("the coder failed");
    };
    const instance = await WebAssembly.instantiate(await compiled, { env: { abort } });
    return new Coder(instance.exports as unknown as Exports);
  }

  /** Encodes a plane; undefined if the result would be longer than `capacity` bytes. */
  encode(samples: Int32Array, shape: PlaneShape, capacity: number): Uint8Array<ArrayBuffer> | undefined {
    this.reserve(shape, capacity);
    this.plane(shape).set(samples);
    const length = this.run(shape, capacity, false);
    return length < 0
      ? undefined
      : new Uint8Array(this.exports.memory.buffer, this.exports.bytes(), length).slice();
  }

  /**
   * Decodes a plane.
   *
   * @throws {DataError} if the bytes do not suffice or are too many
   */
  decode(bytes: Uint8Array, shape: PlaneShape): Int32Array<ArrayBuffer> {
    this.reserve(shape, bytes.length);
    new Uint8Array(this.exports.memory.buffer, this.exports.bytes(), bytes.length).set(bytes);
    const read = this.run(shape, bytes.length, true);
    if (read < 0) throw new DataError("the .vqr file is damaged: the data of a tile end too early");
    if (read < bytes.length) {
      throw new DataError("the .vqr file is damaged: the data of a tile go on after its end");
    }
    return this.plane(shape).slice();
  }

  /** The errors of the plane that was coded last. */
  sideErrors({ width, height }: PlaneShape): Int32Array<ArrayBuffer> {
    return new Int32Array(this.exports.memory.buffer as ArrayBuffer, this.exports.side(), width * height)
      .slice();
  }

  /** Makes errors those of the plane that was coded last. */
  setSideErrors(errors: Int32Array): void {
    new Int32Array(this.exports.memory.buffer, this.exports.side(), errors.length).set(errors);
  }

  private plane({ width, height }: PlaneShape): Int32Array<ArrayBuffer> {
    return new Int32Array(this.exports.memory.buffer as ArrayBuffer, this.exports.samples(), width * height);
  }

  private reserve({ width, height }: PlaneShape, capacity: number): void {
    const { memory, layout } = this.exports;
    const missing = layout(width, height, capacity) - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  }

  private run(shape: PlaneShape, length: number, decode: boolean): number {
    const { width, height, maximum, maxError, effort, hasSide } = shape;
    const best = effort === "best";
    return this.exports.code(width, height, maximum, maxError, length, +decode, +best, +hasSide);
  }
}
