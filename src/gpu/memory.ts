/**
 * The tensors that stay on the GPU between runs: variables, constants and arenas, shared by all plans that use them.
 */

import { elementCount, pack, storedBytes, unpack } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Location, Plan } from "../plan/plan.ts";
import type { Gpu } from "./device.ts";
import { allSettled } from "./settled.ts";

type Values = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** How the buffers of tensors are used. A function, since modules must load where there is no WebGPU. */
export function storageUsage(): GPUBufferUsageFlags {
  return GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
}

/**
 * The persistent tensors (variables, constants, arenas) of the plans loaded with it. Each gets its buffer when a plan
 * that uses it is first loaded, and keeps it until {@linkcode Memory.forget} or {@linkcode Memory.destroy}. See the
 * example of `Executor`.
 */
export class Memory {
  private readonly buffers = new Map<Tensor, GPUBuffer>();
  private readonly homes = new Map<Tensor, { buffer: GPUBuffer; offset: number }>();

  constructor(readonly gpu: Gpu) {}

  /**
   * The buffers of the plan's persistent tensors, by their index in `plan.buffers`. Allocates those that are new and
   * writes their initial values.
   *
   * @throws {OutOfMemoryError} if the adapter has too little memory
   */
  async adopt(plan: Plan): Promise<Map<number, GPUBuffer>> {
    const adopted = new Map<number, GPUBuffer>();
    await allSettled(plan.buffers.map(async ({ owner, label, bytes, initial }, index) => {
      if (!owner) return;
      let buffer = this.buffers.get(owner);
      if (!buffer) {
        buffer = await this.gpu.allocate(label, bytes, storageUsage());
        if (initial) this.gpu.device.queue.writeBuffer(buffer, 0, initial);
        this.buffers.set(owner, buffer);
      }
      adopted.set(index, buffer);
    }));
    for (const [tensor, { buffer, offset }] of plan.locations) {
      const home = adopted.get(buffer);
      if (home) this.homes.set(tensor, { buffer: home, offset });
    }
    return adopted;
  }

  /** True if a loaded plan uses the tensor, so that it can be written and read. */
  holds(tensor: Tensor): boolean {
    return this.homes.has(tensor);
  }

  /**
   * Writes row-major values of the tensor's shape: a `Uint32Array` for u32, a `Float32Array` for f32 and f16, whose
   * values are rounded.
   *
   * @throws {RangeError} if the values' number or type is not the tensor's, or no loaded plan uses the tensor
   */
  write(tensor: Tensor, values: Values): void {
    const { buffer, offset } = this.homeOf(tensor);
    const count = elementCount(tensor.shape);
    const kind = tensor.dtype === "u32" ? Uint32Array : Float32Array;
    if (values.length !== count || !(values instanceof kind)) {
      throw new RangeError(
        `Cannot write ${tensor.label}: ${values.constructor.name} of ${values.length} for ${count} ${tensor.dtype}`,
      );
    }
    // `writeBuffer` needs whole words; `pack` pads to them. Flat values of four bytes need neither padding nor
    // reordering.
    const isStored = tensor.type.layout === "flat" && tensor.dtype !== "f16";
    const stored = isStored ? values : pack(tensor.type, values);
    this.gpu.device.queue.writeBuffer(buffer, offset, narrowed(tensor, stored));
  }

  /** Writes values in the order in which they are stored, padding included. */
  writeStored(tensor: Tensor, values: Values): void {
    const { buffer, offset } = this.homeOf(tensor);
    this.gpu.device.queue.writeBuffer(buffer, offset, narrowed(tensor, values));
  }

  /**
   * Reads tensors as row-major values of their shapes. Waits for all submitted work, once for all tensors.
   *
   * @throws {RangeError} if no loaded plan uses one of them
   */
  async read(tensors: readonly Tensor[]): Promise<Values[]> {
    return await readTensors(this.gpu, tensors.map((tensor) => ({ tensor, ...this.homeOf(tensor) })));
  }

  /** Submits copies of tensors, to be read later: they have the values after all the work submitted so far. */
  async stage(tensors: readonly Tensor[]): Promise<StagedTensors> {
    return await stageTensors(this.gpu, tensors.map((tensor) => ({ tensor, ...this.homeOf(tensor) })));
  }

  private homeOf(tensor: Tensor) {
    const home = this.homes.get(tensor);
    if (!home) throw new RangeError(`${tensor.label} is in no plan that was loaded`);
    return home;
  }

  /** Frees tensors that no plan needs any longer; those without a buffer are ignored. */
  forget(tensors: readonly Tensor[]): void {
    for (const tensor of tensors) {
      const buffer = this.buffers.get(tensor);
      if (buffer) this.gpu.free(buffer);
      this.buffers.delete(tensor);
      this.homes.delete(tensor);
    }
  }

  /** Frees all buffers. */
  destroy(): void {
    for (const buffer of this.buffers.values()) this.gpu.free(buffer);
    this.buffers.clear();
    this.homes.clear();
  }
}

/** The values in the number format of the tensor's memory. */
function narrowed({ dtype }: Tensor, values: Values): Values | ArrayBuffer {
  return dtype === "f16" ? new Float16Array(values).buffer : values;
}

/** The numbers in the bytes of a tensor's memory, in stored order. */
function storedValues({ dtype }: Tensor, bytes: ArrayBuffer): Values {
  if (dtype === "f16") return new Float32Array(new Float16Array(bytes));
  return dtype === "u32" ? new Uint32Array(bytes) : new Float32Array(bytes);
}

/** Where a tensor's values are: `offset` in bytes. */
export interface Home {
  tensor: Tensor;
  buffer: GPUBuffer;
  offset: number;
}

/** The buffer and offset of a planned location. */
export function homeAt(tensor: Tensor, location: Location, buffers: readonly GPUBuffer[]): Home {
  return { tensor, buffer: buffers[location.buffer]!, offset: location.offset };
}

/** Copies of tensors that have been submitted but not yet read. */
export interface StagedTensors {
  /** Row-major values. In Deno the call blocks the thread until the GPU has done all submitted work. */
  read(): Promise<Values[]>;
}

/** Copies tensors into one buffer, to be mapped and unpacked later. */
async function stageTensors(gpu: Gpu, homes: readonly Home[]): Promise<StagedTensors> {
  const staged = await stageBytes(gpu, homes);
  const read = async () =>
    (await staged()).map((bytes, index) => {
      const { tensor } = homes[index]!;
      return unpack(tensor.type, storedValues(tensor, bytes));
    });
  return { read };
}

/**
 * Copies tensors into one buffer; the function that it returns waits, frees the buffer and returns each tensor's
 * bytes.
 */
async function stageBytes(gpu: Gpu, homes: readonly Home[]): Promise<() => Promise<ArrayBuffer[]>> {
  gpu.check();
  const offsets: number[] = [];
  let end = 0;
  for (const { tensor } of homes) {
    offsets.push(end);
    end += storedBytes(tensor.type);
  }
  const staging = await gpu.allocate(
    "read back",
    Math.max(end, 4),
    GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  );
  const encoder = gpu.device.createCommandEncoder({ label: "read back" });
  homes.forEach(({ tensor, buffer, offset }, index) => {
    encoder.copyBufferToBuffer(buffer, offset, staging, offsets[index]!, storedBytes(tensor.type));
  });
  gpu.device.queue.submit([encoder.finish()]);
  return async () => {
    try {
      const bytes = await gpu.map(staging);
      return homes.map(({ tensor }, index) =>
        bytes.slice(offsets[index]!, offsets[index]! + storedBytes(tensor.type))
      );
    } finally {
      gpu.free(staging);
    }
  };
}

/** Reads tensors as row-major values of their shapes. */
export async function readTensors(gpu: Gpu, homes: readonly Home[]): Promise<Values[]> {
  const staged = await stageTensors(gpu, homes);
  return await staged.read();
}

/** Reads a tensor's values in the order in which they are stored, padding included. */
export async function readStored(gpu: Gpu, home: Home): Promise<Values> {
  const staged = await stageBytes(gpu, [home]);
  return storedValues(home.tensor, (await staged())[0]!);
}
