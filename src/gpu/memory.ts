/** What stays on the GPU from step to step: variables, constants and arenas, shared by all plans that name them. */

import { elementCount, pack, storedBytes, unpack } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Location, Plan } from "../plan/plan.ts";
import type { Gpu } from "./device.ts";

type Values = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

/** Owns one buffer for each persistent tensor, made when a plan first needs it. */
export class Memory {
  private readonly buffers = new Map<Tensor, GPUBuffer>();
  private readonly homes = new Map<Tensor, { buffer: GPUBuffer; offset: number }>();

  constructor(readonly gpu: Gpu) {}

  /** The buffers of a plan that outlive it. */
  async adopt(plan: Plan): Promise<Map<number, GPUBuffer>> {
    const adopted = new Map<number, GPUBuffer>();
    for (const [index, { owner, label, bytes, initial }] of plan.buffers.entries()) {
      if (!owner) continue;
      let buffer = this.buffers.get(owner);
      if (!buffer) {
        buffer = await this.gpu.allocate(label, bytes, usage);
        if (initial) this.gpu.device.queue.writeBuffer(buffer, 0, initial);
        this.buffers.set(owner, buffer);
      }
      adopted.set(index, buffer);
    }
    for (const [tensor, { buffer, offset }] of plan.locations) {
      const home = adopted.get(buffer);
      if (home) this.homes.set(tensor, { buffer: home, offset });
    }
    return adopted;
  }

  /** True where a loaded plan uses the tensor, so that it can be written and read. */
  holds(tensor: Tensor): boolean {
    return this.homes.has(tensor);
  }

  /** Writes row-major values of the tensor's shape. Throws where they are not as many, or of another type. */
  write(tensor: Tensor, values: Values): void {
    const { buffer, offset } = this.homeOf(tensor);
    const count = elementCount(tensor.shape);
    const kind = tensor.dtype === "u32" ? Uint32Array : Float32Array;
    if (values.length !== count || !(values instanceof kind)) {
      throw new RangeError(
        `Cannot write ${tensor.label}: ${values.constructor.name} of ${values.length} for ${count} ${tensor.dtype}`,
      );
    }
    // Whole words are written, of which flat values of four bytes are made as they are.
    const isStored = tensor.type.layout === "flat" && tensor.dtype !== "f16";
    const stored = isStored ? values : pack(tensor.type, values);
    this.gpu.device.queue.writeBuffer(buffer, offset, narrowed(tensor, stored));
  }

  /** Writes values in the order in which they are stored, what fills quads included. */
  writeStored(tensor: Tensor, values: Values): void {
    const { buffer, offset } = this.homeOf(tensor);
    this.gpu.device.queue.writeBuffer(buffer, offset, narrowed(tensor, values));
  }

  /** Reads tensors back as row-major values of their shapes, in one copy and one wait. */
  async read(tensors: readonly Tensor[]): Promise<Values[]> {
    return await readTensors(this.gpu, tensors.map((tensor) => ({ tensor, ...this.homeOf(tensor) })));
  }

  /** Submits copies of tensors as they are behind all that was submitted so far. */
  async stage(tensors: readonly Tensor[]): Promise<StagedTensors> {
    return await stageTensors(this.gpu, tensors.map((tensor) => ({ tensor, ...this.homeOf(tensor) })));
  }

  private homeOf(tensor: Tensor) {
    const home = this.homes.get(tensor);
    if (!home) throw new RangeError(`${tensor.label} is in no plan that was loaded`);
    return home;
  }

  /** Frees tensors that no plan needs any more. */
  forget(tensors: readonly Tensor[]): void {
    for (const tensor of tensors) {
      const buffer = this.buffers.get(tensor);
      if (buffer) this.gpu.free(buffer);
      this.buffers.delete(tensor);
      this.homes.delete(tensor);
    }
  }

  destroy(): void {
    for (const buffer of this.buffers.values()) this.gpu.free(buffer);
    this.buffers.clear();
    this.homes.clear();
  }
}

/** Values as a tensor's memory holds them. */
function narrowed({ dtype }: Tensor, values: Values): Values | ArrayBuffer {
  return dtype === "f16" ? new Float16Array(values).buffer : values;
}

/** The numbers in a tensor's memory, in the order in which they lie there. */
function storedValues({ dtype }: Tensor, bytes: ArrayBuffer): Values {
  if (dtype === "f16") return new Float32Array(new Float16Array(bytes));
  return dtype === "u32" ? new Uint32Array(bytes) : new Float32Array(bytes);
}

/** Where a tensor's values are now. */
export interface Home {
  tensor: Tensor;
  buffer: GPUBuffer;
  offset: number;
}

/** The buffer and offset of a planned location. */
export function homeAt(tensor: Tensor, location: Location, buffers: readonly GPUBuffer[]): Home {
  return { tensor, buffer: buffers[location.buffer]!, offset: location.offset };
}

/** Copies of tensors that were submitted and have still to be waited for. */
export interface StagedTensors {
  /** Row-major values. The call itself blocks until the GPU has done all that was submitted (Deno's way of mapping). */
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

/** The same, as the bytes that are stored. */
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

/** Copies tensors back and waits for them. */
export async function readTensors(gpu: Gpu, homes: readonly Home[]): Promise<Values[]> {
  const staged = await stageTensors(gpu, homes);
  return await staged.read();
}

/** The same for one tensor, in the order in which its values are stored, what fills quads included. */
export async function readStored(gpu: Gpu, home: Home): Promise<Values> {
  const staged = await stageBytes(gpu, [home]);
  return storedValues(home.tensor, (await staged())[0]!);
}
