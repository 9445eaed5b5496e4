/** The adapter and its device: choice, limits, and every error that WebGPU reports made into an exception. */

import type { Target } from "../graph/lowering.ts";
import { DataError, UsageError } from "../errors.ts";

/** An adapter as the command line lists it. */
export interface AdapterDescription {
  index: number;
  name: string;
  vendor: string;
  software: boolean;
}

const requests: GPURequestAdapterOptions[] = [
  { powerPreference: "high-performance" },
  { powerPreference: "low-power" },
  { forceFallbackAdapter: true },
];

async function findAdapters(): Promise<GPUAdapter[]> {
  const found: GPUAdapter[] = [];
  for (const options of requests) {
    const adapter = await navigator.gpu?.requestAdapter(options);
    if (adapter && !found.some((other) => sameAdapter(other, adapter))) found.push(adapter);
  }
  return found;
}

function sameAdapter(first: GPUAdapter, second: GPUAdapter): boolean {
  const key = ({ info }: GPUAdapter) => [info.vendor, info.device, info.description].join();
  return key(first) === key(second);
}

function describe(adapter: GPUAdapter, index: number): AdapterDescription {
  const { info } = adapter;
  return {
    index,
    name: info.description || info.device,
    vendor: info.vendor,
    software: info.isFallbackAdapter,
  };
}

/** The adapters that the system offers, the fastest first. */
export async function listAdapters(): Promise<AdapterDescription[]> {
  return (await findAdapters()).map(describe);
}

/** Options for {@linkcode Gpu.open}. */
export interface GpuOptions {
  /** An adapter's index in the list, or part of its name. */
  adapter?: string;
  /** False keeps to kernels that need no subgroups. */
  subgroups?: boolean;
  /** False does without timestamps. */
  timestamps?: boolean;
}

/** The adapter has no memory left for what was asked for. */
export class OutOfMemoryError extends Error {
  override name = "OutOfMemoryError";
}

/** A device with its errors watched. Every creation, submit and read of the project goes through here. */
export class Gpu {
  /** The first error that no scope caught; the next call of {@linkcode check} throws it. */
  private failure: Error | undefined;
  /** Why the device is gone for good. */
  private loss: DataError | undefined;
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();
  /** Pipelines that the queue has met, so that their kernels are compiled. */
  readonly warmedUp = new WeakSet<GPUComputePipeline>();
  /** The variants that plans for this device take, by class of shapes; the target reads them. */
  readonly choices = new Map<string, string>();
  readonly target: Target;
  /** Bytes and number of the buffers that are alive. */
  readonly allocated = { bytes: 0, buffers: 0 };
  private closed = false;

  private constructor(
    readonly adapter: AdapterDescription,
    readonly device: GPUDevice,
    target: Omit<Target, "choices">,
    private readonly options: GpuOptions,
    /** True where the device is another's second. */
    readonly isSecond = false,
  ) {
    this.target = { ...target, choices: this.choices };
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      this.failure ??= new Error(`WebGPU: ${firstLines(error.message)}`);
    });
    device.lost.then((loss) => {
      if (this.closed) return;
      this.loss = new DataError(`the GPU was lost (${loss.reason}): ${firstLines(loss.message)}`);
    });
  }

  /** Opens an adapter with all the limits that it offers. Throws where there is none, or none of that name. */
  static async open(options: GpuOptions = {}): Promise<Gpu> {
    return await Gpu.openDevice(options);
  }

  /** Opens the same adapter's second device, with the same options. */
  async openBeside(): Promise<Gpu> {
    return await Gpu.openDevice({ ...this.options, adapter: String(this.adapter.index) }, true);
  }

  private static async openDevice(options: GpuOptions, isSecond = false): Promise<Gpu> {
    const { adapter: wanted, subgroups = true, timestamps = true } = options;
    const adapters = await findAdapters();
    if (adapters.length === 0) {
      throw new DataError(
        "no GPU adapter was found: install a Vulkan driver (on Debian: apt-get install libvulkan1 mesa-vulkan-drivers)",
      );
    }
    const descriptions = adapters.map(describe);
    const index = wanted === undefined ? 0 : chooseAdapter(descriptions, wanted);
    const adapter = adapters[index]!;
    const device = await adapter.requestDevice(deviceDescriptor(adapter, timestamps));
    const target = describeTarget(adapter, device, subgroups);
    return new Gpu(descriptions[index]!, device, target, options, isSecond);
  }

  /** Throws the first error that WebGPU reported since the last call, if any; that the device was lost, each time. */
  check(): void {
    const failure = this.loss ?? this.failure;
    this.failure = undefined;
    if (failure) throw failure;
  }

  /** Runs `make` and throws what WebGPU found wrong with it, with `label` in front. */
  async scoped<Made>(label: string, make: () => Made): Promise<Made> {
    const filters: GPUErrorFilter[] = ["validation", "out-of-memory", "internal"];
    for (const filter of filters) this.device.pushErrorScope(filter);
    let made: Made;
    try {
      made = make();
    } catch (error) {
      await this.popScopes(filters);
      throw new Error(`${label}: ${firstLines((error as Error).message)}`);
    }
    const error = (await this.popScopes(filters)).find((each) => each);
    if (error) {
      const Kind = error instanceof GPUOutOfMemoryError ? OutOfMemoryError : Error;
      throw new Kind(`${label}: ${firstLines(error.message)}`);
    }
    if (this.loss) throw this.loss;
    return made;
  }

  /** All at once: scopes lie on one stack, and whoever else pushes some in between would get the wrong ones. */
  private popScopes(filters: readonly GPUErrorFilter[]): Promise<(GPUError | null)[]> {
    return Promise.all(filters.map(() => this.device.popErrorScope()));
  }

  /** A buffer that is counted until {@linkcode free}. */
  async allocate(label: string, bytes: number, usage: GPUBufferUsageFlags): Promise<GPUBuffer> {
    const buffer = await this.scoped(
      `buffer ${label} of ${bytes} bytes`,
      () => this.device.createBuffer({ label, size: bytes, usage }),
    );
    this.allocated.bytes += bytes;
    this.allocated.buffers += 1;
    return buffer;
  }

  /** Destroys a buffer of {@linkcode allocate}. */
  free(buffer: GPUBuffer): void {
    this.allocated.bytes -= buffer.size;
    this.allocated.buffers -= 1;
    buffer.destroy();
  }

  /** Compiles a kernel once; the same code gives the same pipeline. */
  pipeline(label: string, code: string, layout: GPUPipelineLayout): Promise<GPUComputePipeline> {
    let pipeline = this.pipelines.get(code);
    if (!pipeline) {
      pipeline = this.scoped(`kernel ${label}`, () => {
        const module = this.device.createShaderModule({ label, code });
        return this.device.createComputePipeline({ label, layout, compute: { module, entryPoint: "main" } });
      });
      this.pipelines.set(code, pipeline);
    }
    return pipeline;
  }

  /** The number of kernels compiled so far. */
  get pipelineCount(): number {
    return this.pipelines.size;
  }

  /** Waits until all submitted work is done, and throws what went wrong with it. */
  async finish(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone();
    this.check();
  }

  /** The bytes of a buffer that copies were submitted to; waits for them. */
  async map(buffer: GPUBuffer): Promise<ArrayBuffer> {
    try {
      await buffer.mapAsync(GPUMapMode.READ);
    } catch (error) {
      // Why it failed is told by an event of its own.
      await new Promise((resolve) => setTimeout(resolve));
      this.check();
      throw new Error(`buffer ${buffer.label}: ${firstLines((error as Error).message)}`);
    }
    this.check();
    return buffer.getMappedRange();
  }

  close(): void {
    this.closed = true;
    this.device.destroy();
  }
}

function chooseAdapter(adapters: readonly AdapterDescription[], wanted: string): number {
  const list = adapters.map(({ index, name }) => `${index}: ${name}`).join(", ");
  const index = /^\d+$/.test(wanted)
    ? adapters.findIndex((each) => each.index === Number(wanted))
    : adapters.findIndex((each) => each.name.toLowerCase().includes(wanted.toLowerCase()));
  if (index < 0) throw new UsageError(`--adapter ${wanted}: no such adapter; there are ${list}`);
  return index;
}

/** Features that make work faster or measurable where they exist; nothing depends on them. */
const wantedFeatures: GPUFeatureName[] = ["timestamp-query", "shader-f16"];

function deviceDescriptor(adapter: GPUAdapter, timestamps: boolean): GPUDeviceDescriptor {
  const requiredFeatures = wantedFeatures.filter((feature) =>
    adapter.features.has(feature) && (timestamps || feature !== "timestamp-query")
  );
  // A device without the feature in its list still grants subgroups where the driver has them.
  if (adapter.features.has("subgroups") || hasFixedSubgroups(adapter)) {
    requiredFeatures.push("subgroups" as GPUFeatureName);
  }
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") requiredLimits[name] = value;
  }
  return { label: "vqray", requiredFeatures, requiredLimits };
}

function hasFixedSubgroups({ info }: GPUAdapter): boolean {
  return info.subgroupMinSize === info.subgroupMaxSize && info.subgroupMinSize === 8;
}

function describeTarget(
  adapter: GPUAdapter,
  device: GPUDevice,
  subgroups: boolean,
): Omit<Target, "choices"> {
  const { limits } = device;
  const software = adapter.info.isFallbackAdapter;
  return {
    subgroupLanes: subgroups && hasFixedSubgroups(adapter) ? 8 : 0,
    subgroupsNeedEnable: device.features.has("subgroups" as GPUFeatureName) &&
      adapter.features.has("subgroups"),
    halves: device.features.has("shader-f16"),
    parallelWorkgroups: software ? 2 * navigator.hardwareConcurrency : 512,
    // On a card it takes many threads to keep its memory busy.
    summingLines: software ? 8 : 32,
    maxWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    maxInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxStorageBuffers: limits.maxStorageBuffersPerShaderStage,
    maxBindingBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    uniformAlignment: limits.minUniformBufferOffsetAlignment,
    storageAlignment: limits.minStorageBufferOffsetAlignment,
  };
}

function firstLines(message: string): string {
  return message.trim().split("\n").map((line) => line.trim()).filter((line) => line).slice(0, 12).join(" ");
}
