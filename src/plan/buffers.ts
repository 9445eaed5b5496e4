/** Assigns the values of a plan to buffers. */

import { storedBytes } from "../graph/layout.ts";
import { type Operand, Scratch, type Target } from "../graph/lowering.ts";
import { storageOf, type Tensor } from "../graph/tensor.ts";
import type { Arena } from "./arena.ts";
import { type GroupRequest, isPlain } from "./lower.ts";
import { assignBuffers, type Lifetime } from "./memory.ts";

/** A range of one of the plan's buffers, in bytes. */
export interface Location {
  buffer: number;
  offset: number;
  bytes: number;
}

/** A buffer that the plan needs. */
export interface PlannedBuffer {
  label: string;
  bytes: number;
  /**
   * The variable, constant or arena in this buffer, which keeps its values between runs. Other buffers belong to the
   * plan alone.
   */
  owner?: Tensor;
  /** The content before the first run; by default zeros. */
  initial?: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

/** A buffer of the plan is larger than the adapter can bind. */
export class TooLargeError extends RangeError {}

/** Returns the location of a tensor or of scratch memory. */
export type Locate = (operand: Operand) => Location;

/** The memory of a plan. */
export interface PlannedMemory {
  buffers: PlannedBuffer[];
  /** The location of each result, and of each persistent tensor that is read or changed. */
  locations: ReadonlyMap<Tensor, Location>;
  /** Bytes of all buffers. */
  peakBytes: number;
  /** Bytes that the same dispatches would need if no values shared a buffer. */
  unsharedBytes: number;
  locate: Locate;
}

/** The dispatches that use each value of the plan's own, and the persistent tensors in use. */
interface Uses {
  lifetimes: Map<Operand, Lifetime>;
  persistent: Set<Tensor>;
}

function usesOf(
  requests: readonly GroupRequest[],
  results: readonly Tensor[],
  placed: ReadonlyMap<Tensor, Arena>,
): Uses {
  const lifetimes = new Map<Operand, Lifetime>();
  const persistent = new Set<Tensor>();
  const use = (bound: Operand, step: number) => {
    const operand = bound instanceof Scratch ? bound : storageOf(bound);
    const owner = operand instanceof Scratch ? undefined : placed.get(operand)?.tensor ?? operand;
    if (owner?.operation.persistent) {
      persistent.add(owner);
      return;
    }
    const lifetime = lifetimes.get(operand);
    if (lifetime) lifetime.last = step;
    else lifetimes.set(operand, { bytes: bytesOf(operand), first: step, last: step });
  };
  requests.forEach((request, step) =>
    Object.values(request.bindings).forEach((operand) => use(operand, step))
  );
  for (const result of results) {
    if (!isPlain(result)) {
      throw new RangeError(`Cannot read ${result.label}: it lies in another tensor's rows`);
    }
    use(result, requests.length);
  }
  return { lifetimes, persistent };
}

function bytesOf(operand: Operand): number {
  return operand instanceof Scratch ? operand.bytes : storedBytes(operand.type);
}

function requireBindable(buffers: readonly PlannedBuffer[], { maxBindingBytes }: Target): void {
  const large = buffers.find(({ bytes }) => bytes > maxBindingBytes);
  if (large) {
    throw new TooLargeError(
      `Cannot plan: ${large.label} takes ${large.bytes} bytes and the adapter binds at most ${maxBindingBytes}; use a smaller batch`,
    );
  }
}

/**
 * Assigns a buffer to each value that the requests bind, and one to each persistent tensor or arena.
 *
 * @param placed the arena of each member of an arena
 * @throws {TooLargeError} if a buffer is larger than the adapter can bind
 * @throws {RangeError} if a result lies in another tensor's rows
 */
export function layOut(
  requests: readonly GroupRequest[],
  results: readonly Tensor[],
  placed: ReadonlyMap<Tensor, Arena>,
  target: Target,
): PlannedMemory {
  const { lifetimes, persistent } = usesOf(requests, results, placed);
  const operands = [...lifetimes.keys()];
  const assigned = assignBuffers([...lifetimes.values()]);
  const buffers: PlannedBuffer[] = assigned.sizes.map((bytes, index) => ({
    label: `shared ${index}`,
    bytes,
  }));
  const home = new Map<Operand, number>(operands.map((operand, index) => [operand, assigned.buffer[index]!]));
  for (const owner of persistent) {
    home.set(owner, buffers.length);
    const initial = owner.operation.initial?.(owner);
    buffers.push({ label: owner.label, bytes: storedBytes(owner.type), owner, initial });
  }
  requireBindable(buffers, target);
  const locate: Locate = (bound) => {
    const operand = bound instanceof Scratch ? bound : storageOf(bound);
    const arena = operand instanceof Scratch ? undefined : placed.get(operand);
    const buffer = home.get(arena?.tensor ?? operand)!;
    return { buffer, offset: arena ? arena.offsetOf(operand as Tensor) : 0, bytes: bytesOf(operand) };
  };
  const tensors = [
    ...persistent,
    ...results,
    ...[...placed.keys()].filter((each) => persistent.has(placed.get(each)!.tensor)),
  ];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const peakBytes = sum(buffers.map(({ bytes }) => bytes));
  const ownBytes = sum([...lifetimes.values()].map(({ bytes }) => bytes));
  return {
    buffers,
    locations: new Map(tensors.map((tensor) => [tensor, locate(tensor)])),
    peakBytes,
    unsharedBytes: peakBytes - sum(assigned.sizes) + ownBytes,
    locate,
  };
}
