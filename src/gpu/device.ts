/** A GPU device whose errors all become exceptions. */

import { DataError } from "../errors.ts";
import type { Target } from "../graph/lowering.ts";
import { type AdapterDescription, findAdapter, type FoundAdapter } from "./adapters.ts";
import { compileKernel } from "./compile.ts";
import { describeTarget, type GrantedDevice, requestDevice } from "./device_request.ts";
import { firstLines, withErrorScopes } from "./error_scope.ts";
import { isBrowser } from "./platform.ts";

export { type AdapterDescription, listAdapters } from "./adapters.ts";
export { OutOfMemoryError } from "./error_scope.ts";

/** Options for {@linkcode Gpu.open}. */
export interface GpuOptions {
  /** An adapter's index in the list of {@linkcode listAdapters}, or part of its name; default: the fastest. */
  adapter?: string;
  /** Whether kernels may use subgroup operations; default: true. */
  subgroups?: boolean;
  /** Whether the device may take timestamps; default: true. */
  timestamps?: boolean;
}

/**
 * A GPU device. It compiles kernels, allocates buffers, and turns every error that WebGPU reports into an exception:
 * those that {@linkcode Gpu.scoped} catches are thrown there; any other by the next {@linkcode Gpu.check}, {@linkcode
 * Gpu.finish} or {@linkcode Gpu.map}. Close it when it is no longer needed.
 *
 * @example Open the fastest adapter
 * ```ts
 * import { listAdapters } from "./device.ts";
 *
 * if ((await listAdapters()).length > 0) {
 *   const gpu = await Gpu.open();
 *   console.log(gpu.adapter.name, gpu.target.maxBindingBytes);
 *   gpu.close();
 * }
 * ```
 */
export class Gpu {
  readonly adapter: AdapterDescription;
  readonly device: GPUDevice;
  /** The properties of the adapter that plans depend on. */
  readonly target: Target;
  /** The kernel variant that plans for this device take, by class of shapes; `target` reads them. */
  readonly choices = new Map<string, string>();
  /** Bytes and number of the buffers allocated and not yet freed. */
  readonly allocated = { bytes: 0, buffers: 0 };
  /** Pipelines that a plan on this device has used, so that they have been validated with bound buffers. */
  readonly warmedUp = new WeakSet<GPUComputePipeline>();
  /** True if the driver may compile a kernel at its first dispatch only, as Mesa's software adapter does. */
  readonly compilesAtFirstUse: boolean;
  /** The first error outside any scope; the next {@linkcode check} throws it. */
  private failure: Error | undefined;
  /** Why the device can no longer be used. */
  private loss: DataError | undefined;
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();
  private closed = false;

  private constructor(
    { adapter, description }: FoundAdapter,
    granted: GrantedDevice,
    private readonly options: GpuOptions,
    /** True if {@linkcode openBeside} opened the device. */
    readonly isSecond: boolean,
  ) {
    const { software } = description;
    const { subgroups = true } = options;
    this.adapter = description;
    this.device = granted.device;
    this.target = { ...describeTarget(adapter, granted, { subgroups, software }), choices: this.choices };
    this.compilesAtFirstUse = software && !isBrowser();
    this.watchErrors();
  }

  private watchErrors(): void {
    this.device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      this.failure ??= new Error(`WebGPU: ${firstLines(error.message)}`);
    });
    this.device.lost.then((loss) => {
      if (this.closed) return;
      this.loss = new DataError(`the GPU was lost (${loss.reason}): ${firstLines(loss.message)}`);
    });
  }

  /**
   * Opens an adapter with all the limits and features that it offers.
   *
   * @throws {DataError} if there is no adapter; the message says what to install or which browser to use
   * @throws {UsageError} if there is none with the index or name in `options.adapter`
   */
  static async open(options: GpuOptions = {}): Promise<Gpu> {
    return await Gpu.openDevice(options, false);
  }

  /** Opens a second device on the same adapter, with the same options. */
  async openBeside(): Promise<Gpu> {
    return await Gpu.openDevice({ ...this.options, adapter: String(this.adapter.index) }, true);
  }

  private static async openDevice(options: GpuOptions, isSecond: boolean): Promise<Gpu> {
    const found = await findAdapter(options.adapter);
    const granted = await requestDevice(found.adapter, options.timestamps ?? true);
    return new Gpu(found, granted, options, isSecond);
  }

  /**
   * Throws the first error that WebGPU has reported outside any scope since the last call.
   *
   * @throws {DataError} at every call once the device is lost
   * @throws {Error} if there was such an error
   */
  check(): void {
    const failure = this.loss ?? this.failure;
    this.failure = undefined;
    if (failure) throw failure;
  }

  /**
   * Runs `make` within error scopes and returns its result. Calls may overlap: each gets the errors of its own `make`.
   *
   * @throws {OutOfMemoryError} if WebGPU reports that memory ran out
   * @throws {DataError} if the device is lost
   * @throws {Error} if `make` throws or WebGPU reports another error; the message begins with `label`
   */
  async scoped<Made>(label: string, make: () => Made): Promise<Made> {
    const made = await withErrorScopes(this.device, label, make);
    if (this.loss) throw this.loss;
    return made;
  }

  /**
   * Allocates a buffer and counts it in {@linkcode allocated}.
   *
   * @throws {OutOfMemoryError} if the adapter has too little memory
   * @throws {Error} if the size or the usage is not allowed
   */
  async allocate(label: string, bytes: number, usage: GPUBufferUsageFlags): Promise<GPUBuffer> {
    const buffer = await this.scoped(
      `buffer ${label} of ${bytes} bytes`,
      () => this.device.createBuffer({ label, size: bytes, usage }),
    );
    this.allocated.bytes += bytes;
    this.allocated.buffers += 1;
    return buffer;
  }

  /** Destroys a buffer made by {@linkcode allocate}. */
  free(buffer: GPUBuffer): void {
    this.allocated.bytes -= buffer.size;
    this.allocated.buffers -= 1;
    buffer.destroy();
  }

  /**
   * Compiles a kernel, or returns the pipeline of an earlier call with the same code.
   *
   * @throws {Error} if the kernel does not compile; the message begins with `kernel` and the label
   */
  pipeline(label: string, code: string, layout: GPUPipelineLayout): Promise<GPUComputePipeline> {
    let pipeline = this.pipelines.get(code);
    if (!pipeline) {
      pipeline = compileKernel(this, label, code, layout);
      this.pipelines.set(code, pipeline);
    }
    return pipeline;
  }

  /** The number of kernels compiled so far. */
  get pipelineCount(): number {
    return this.pipelines.size;
  }

  /**
   * Waits until all submitted work is done.
   *
   * @throws {DataError} if the device is lost
   * @throws {Error} if WebGPU has reported an error
   */
  async finish(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone();
    this.check();
  }

  /**
   * Maps a buffer for reading, after the work submitted so far. The bytes are valid until the buffer is unmapped.
   *
   * @throws {DataError} if the device is lost
   * @throws {Error} if WebGPU has reported an error
   */
  async map(buffer: GPUBuffer): Promise<ArrayBuffer> {
    try {
      await buffer.mapAsync(GPUMapMode.READ);
    } catch (error) {
      // An event that arrives later says why.
      await new Promise((resolve) => setTimeout(resolve));
      this.check();
      throw new Error(`buffer ${buffer.label}: ${firstLines((error as Error).message)}`);
    }
    this.check();
    return buffer.getMappedRange();
  }

  /** Destroys the device with all its buffers. */
  close(): void {
    this.closed = true;
    this.device.destroy();
  }
}
