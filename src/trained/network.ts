/** A trained model on a GPU: its weights are uploaded once and shared by a bounded number of plans. */

import type { Tensor } from "../graph/tensor.ts";
import { type Gpu, OutOfMemoryError } from "../gpu/device.ts";
import { Executor } from "../gpu/executor.ts";
import { Memory } from "../gpu/memory.ts";
import type { ParameterSet } from "../nn/parameters.ts";
import { plan } from "../plan/plan.ts";

/** Numbers on the host, row-major. */
export type Values = Float32Array<ArrayBuffer>;

/** Code indices on the host, row-major. */
export type Indices = Uint32Array<ArrayBuffer>;

/** A model's weights by the keys of its parameter set, row-major. */
export type ModelWeights = ReadonlyMap<string, Values>;

/** A graph from variables that the caller fills to results that the caller reads. */
export interface Pass {
  inputs: readonly Tensor[];
  results: readonly Tensor[];
}

interface LoadedPass extends Pass {
  executor: Executor;
}

/** The default number of plans that a network keeps. */
const defaultPlanCount = 8;

/**
 * Runs a model's passes on a GPU. Each pass has a name, which says what is computed and for which shapes. Its plan is
 * made when it first runs and kept until `planCount` other passes have run after it. Then its memory is freed, and a
 * later run plans it again with the same result. Plans are dropped earlier if the memory does not suffice for a new
 * one. Weights are uploaded once, by the first plan that uses them.
 */
export class Network {
  private readonly memory: Memory;
  /** Loaded passes by name; the least recently used comes first. */
  private readonly passes = new Map<string, LoadedPass>();
  private readonly parameters: ReadonlySet<Tensor>;
  private readonly uploaded = new Set<Tensor>();
  /** Settles when the last requested run has finished. */
  private turn: Promise<unknown> = Promise.resolve();

  /**
   * @param set the model's parameters
   * @param weights a value for each of them
   * @param planCount the largest number of plans that are kept, at least 1
   * @throws {RangeError} if `planCount` is below 1
   */
  constructor(
    readonly gpu: Gpu,
    private readonly set: ParameterSet,
    private readonly weights: ModelWeights,
    private readonly planCount: number = defaultPlanCount,
  ) {
    if (!(planCount >= 1)) {
      throw new RangeError(`a network that keeps ${planCount} plans; expected at least 1`);
    }
    this.memory = new Memory(gpu);
    this.parameters = new Set(set.all.map(({ tensor }) => tensor));
  }

  /**
   * Runs a pass and reads its results, row-major. Concurrent calls take turns.
   *
   * @param name identifies the pass: two passes of one name must be the same graph
   * @param build makes the graph; called only if no plan of this name is loaded
   * @param inputs values for the pass's inputs, in their order
   * @throws {RangeError} if an input has another length or type than its tensor
   * @throws {OutOfMemoryError} if the memory does not suffice for this pass alone
   */
  async run(
    name: string,
    build: () => Pass,
    inputs: readonly (Values | Indices)[],
  ): Promise<(Values | Indices)[]> {
    const run = this.turn.then(() => this.runNow(name, build, inputs));
    this.turn = run.catch(() => {});
    return await run;
  }

  private async runNow(name: string, build: () => Pass, inputs: readonly (Values | Indices)[]) {
    const pass = this.passes.get(name) ?? await this.load(build);
    // Inserting it again makes it the most recently used one.
    this.passes.delete(name);
    this.passes.set(name, pass);
    pass.inputs.forEach((tensor, index) => this.memory.write(tensor, inputs[index]!));
    pass.executor.run();
    return await pass.executor.read(pass.results);
  }

  private async load(build: () => Pass): Promise<LoadedPass> {
    // Room is made first, so that the old plan's memory is free for the new one.
    while (this.passes.size >= this.planCount) this.dropOldest();
    while (true) {
      try {
        return await this.loadNow(build());
      } catch (error) {
        if (!(error instanceof OutOfMemoryError) || this.passes.size === 0) throw error;
        this.dropOldest();
      }
    }
  }

  private async loadNow({ inputs, results }: Pass): Promise<LoadedPass> {
    const planned = plan({ results }, this.gpu.target);
    const owners = planned.buffers.flatMap(({ owner }) => owner ?? []);
    let executor: Executor;
    try {
      executor = await Executor.load(planned, this.memory);
    } catch (error) {
      this.forget(owners);
      throw error;
    }
    for (const { key, tensor } of this.set.all) {
      if (this.uploaded.has(tensor) || !this.memory.holds(tensor)) continue;
      this.memory.write(tensor, this.weights.get(key)!);
      this.uploaded.add(tensor);
    }
    return { inputs, results, executor };
  }

  private dropOldest(): void {
    const [oldest] = this.passes;
    const [name, { executor }] = oldest!;
    this.passes.delete(name);
    executor.destroy();
    this.forget(executor.plan.buffers.flatMap(({ owner }) => owner ?? []));
  }

  /** Frees a dropped plan's persistent tensors except the weights and what another loaded plan uses. */
  private forget(tensors: readonly Tensor[]): void {
    const used = new Set(
      [...this.passes.values()].flatMap(({ executor }) => executor.plan.buffers.map(({ owner }) => owner)),
    );
    this.memory.forget(tensors.filter((tensor) => !this.parameters.has(tensor) && !used.has(tensor)));
  }

  /** Frees everything on the GPU. The network cannot be used afterwards. */
  close(): void {
    for (const { executor } of this.passes.values()) executor.destroy();
    this.passes.clear();
    this.memory.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
