/**
 * The plan: a list of dispatches over a list of buffers, made once from the graph and replayed each step. It is a
 * value without anything of a GPU in it: it can be printed and compared, and its memory is known before any is taken.
 */

import { divideUp, storedBytes } from "../graph/layout.ts";
import { type Operand, Scratch, type Target } from "../graph/lowering.ts";
import { ancestors, storageOf, type Tensor } from "../graph/tensor.ts";
import type { Arena } from "./arena.ts";
import { type KernelVariant, packParams } from "./kernel_source.ts";
import { type GroupRequest, isPlain, lowerNodes } from "./lower.ts";
import { assignBuffers, type Lifetime } from "./memory.ts";
import { reductionPoint } from "./reduction.ts";

/** A range of one of the plan's buffers, in bytes. */
export interface Location {
  buffer: number;
  offset: number;
  bytes: number;
}

export interface PlannedBuffer {
  label: string;
  bytes: number;
  /** The variable, constant or arena that lives here from step to step; other buffers belong to the plan alone. */
  owner?: Tensor;
  /** What the memory holds before the first step; zeros where this is missing. */
  initial?: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

export interface PlannedDispatch {
  /** The node's label. */
  label: string;
  operation: string;
  variant: KernelVariant;
  /** In the order of the variant's bindings, the uniform left out. */
  bindings: { name: string; location: Location }[];
  params: Uint8Array<ArrayBuffer>;
  grid: readonly [number, number];
  flops: number;
  bytes: number;
}

export interface Plan {
  buffers: PlannedBuffer[];
  dispatches: PlannedDispatch[];
  /** Index of the first dispatch that may read what ranks add up; see `Program.reduced`. */
  reduceAt?: number;
  /** Where the results are that were asked for, and everything persistent that is read or changed. */
  locations: ReadonlyMap<Tensor, Location>;
  /** Bytes of all buffers. */
  peakBytes: number;
  /** What the same dispatches would take if every value had a buffer of its own. */
  unsharedBytes: number;
}

export interface Program {
  /** Values that can be read after a run. */
  results?: readonly Tensor[];
  /** Changes of variables that a run is to make. */
  effects?: readonly Tensor[];
  /** Groups of tensors that lie in one buffer one behind the other. */
  arenas?: readonly Arena[];
  /**
   * Arenas whose values a group of ranks adds up in the middle of a run. The dispatches then have two parts: those that
   * compute the arenas' members, and those that read the sums. Nothing else that the first part computes may reach the
   * second, and inputs that the second part reads must be the same on all ranks.
   */
  reduced?: readonly Arena[];
}

/** A value of the program is larger than what the adapter binds. */
export class TooLargeError extends RangeError {}

/** Plans a program for a target. */
export function plan(
  { results = [], effects = [], arenas = [], reduced = [] }: Program,
  target: Target,
): Plan {
  const placed = new Map(
    [...arenas, ...reduced].flatMap((arena) => arena.members.map((member) => [member, arena] as const)),
  );
  for (const member of placed.keys()) {
    if (member.place) {
      throw new RangeError(`Cannot plan: ${member.label} lies in another tensor's memory and in an arena`);
    }
  }
  const nodes = ancestors([...results, ...effects]).filter((node) => !node.operation.persistent);
  const kept = new Set([...results, ...effects, ...placed.keys()]);
  requireHalves([...nodes, ...kept], target);
  const requests = lowerNodes(nodes, kept, target);
  const { locate, ...memory } = layOut(requests, results, placed, target);
  const dispatches = requests.map((request) => planDispatch(request, locate, target));
  if (reduced.length === 0) return { ...memory, dispatches };
  const ownerOf = (tensor: Tensor) => placed.get(storageOf(tensor))?.tensor ?? storageOf(tensor);
  return { ...memory, dispatches, reduceAt: reductionPoint(requests, reduced, ownerOf) };
}

/** Throws where a value is float16 and the adapter cannot store it. */
function requireHalves(tensors: readonly Tensor[], { halves }: Target): void {
  const half = halves ? undefined : tensors.find(({ dtype }) => dtype === "f16");
  if (half) throw new RangeError(`Cannot plan: ${half.label} is float16, which the adapter does not store`);
}

type Locate = (operand: Operand) => Location;

function layOut(
  requests: readonly GroupRequest[],
  results: readonly Tensor[],
  placed: ReadonlyMap<Tensor, Arena>,
  target: Target,
): Pick<Plan, "buffers" | "locations" | "peakBytes" | "unsharedBytes"> & { locate: Locate } {
  const lifetimes = new Map<Operand, Lifetime>();
  const persistent = new Set<Tensor>();
  const touch = (bound: Operand, step: number) => {
    const operand = bound instanceof Scratch ? bound : storageOf(bound);
    const owner = operand instanceof Scratch ? undefined : placed.get(operand)?.tensor ?? operand;
    if (owner?.operation.persistent) {
      persistent.add(owner);
      return;
    }
    const bytes = operand instanceof Scratch ? operand.bytes : storedBytes(operand.type);
    const lifetime = lifetimes.get(operand);
    if (lifetime) lifetime.last = step;
    else lifetimes.set(operand, { bytes, first: step, last: step });
  };
  requests.forEach((request, step) =>
    Object.values(request.bindings).forEach((operand) => touch(operand, step))
  );
  for (const result of results) {
    if (!isPlain(result)) {
      throw new RangeError(`Cannot read ${result.label}: it lies in another tensor's rows`);
    }
    touch(result, requests.length);
  }

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
  for (const { label, bytes } of buffers) {
    if (bytes > target.maxBindingBytes) {
      throw new TooLargeError(
        `Cannot plan: ${label} takes ${bytes} bytes and the adapter binds at most ${target.maxBindingBytes}; use a smaller batch`,
      );
    }
  }
  const locate: Locate = (bound) => {
    const operand = bound instanceof Scratch ? bound : storageOf(bound);
    const arena = operand instanceof Scratch ? undefined : placed.get(operand);
    const buffer = home.get(arena?.tensor ?? operand)!;
    const bytes = operand instanceof Scratch ? operand.bytes : storedBytes(operand.type);
    return { buffer, offset: arena ? arena.offsetOf(operand as Tensor) : 0, bytes };
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

function planDispatch(request: GroupRequest, locate: Locate, target: Target): PlannedDispatch {
  const { variant, group } = request;
  const declared = variant.bindings.filter(({ access }) => access !== "uniform");
  const surplus = Object.keys(request.bindings).find((name) =>
    !declared.some((binding) => binding.name === name)
  );
  if (surplus) throw new RangeError(`${variant.label}: the kernel has no binding ${surplus}`);
  const bindings = declared.map(({ name }) => {
    const operand = request.bindings[name];
    if (!operand) throw new RangeError(`${variant.label}: binding ${name} is missing`);
    return { name, location: locate(operand) };
  });
  // WebGPU forbids reading and writing one buffer even where the ranges are apart; two may be written if they are.
  const written = declared.findIndex(({ access }, index) =>
    access === "read_write" &&
    bindings.some(({ location }, at) =>
      at !== index && location.buffer === bindings[index]!.location.buffer &&
      (declared[at]!.access !== "read_write" || overlap(location, bindings[index]!.location))
    )
  );
  if (written >= 0) {
    throw new RangeError(
      `${variant.label} for ${group.result.label}: ${
        declared[written]!.name
      } shares a buffer with another binding`,
    );
  }
  return {
    label: group.result.label,
    operation: group.root.operation.name,
    variant,
    bindings,
    params: packParams(variant, request.params ?? {}),
    grid: foldGrid(request.workgroups, target.maxWorkgroupsPerDimension),
    flops: request.flops,
    bytes: request.bytes,
  };
}

function overlap(first: Location, second: Location): boolean {
  return first.offset < second.offset + second.bytes && second.offset < first.offset + first.bytes;
}

/** A grid of at least `count` workgroups; kernels count `group.y * groups.x + group.x` and leave at their own end. */
function foldGrid(count: number, limit: number): readonly [number, number] {
  if (count <= limit) return [Math.max(1, count), 1];
  const height = divideUp(count, limit);
  return [divideUp(count, height), height];
}
