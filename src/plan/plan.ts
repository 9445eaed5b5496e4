/**
 * The plan: a list of dispatches over a list of buffers, made once from the graph and replayed each step. It is a
 * value without anything of a GPU in it: it can be printed and compared, and its memory is known before any is taken.
 */

import { divideUp, storedBytes } from "../graph/layout.ts";
import { type DispatchRequest, type Operand, Scratch, type Target } from "../graph/lowering.ts";
import { ancestors, storageOf, type Tensor } from "../graph/tensor.ts";
import type { Arena } from "./arena.ts";
import { epilogue, fuse, type Group } from "./fuse.ts";
import { type KernelVariant, kernelVariant, packParams } from "./kernel_source.ts";
import { assignBuffers, type Lifetime } from "./memory.ts";

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
}

/** A value of the program is larger than what the adapter binds. */
export class TooLargeError extends RangeError {}

/** Plans a program for a target. */
export function plan({ results = [], effects = [], arenas = [] }: Program, target: Target): Plan {
  const placed = new Map(arenas.flatMap((arena) => arena.members.map((member) => [member, arena] as const)));
  for (const member of placed.keys()) {
    if (member.place) {
      throw new RangeError(`Cannot plan: ${member.label} lies in another tensor's memory and in an arena`);
    }
  }
  const nodes = ancestors([...results, ...effects]).filter((node) => !node.operation.persistent);
  const kept = new Set([...results, ...effects, ...placed.keys()]);
  requireHalves([...nodes, ...kept], target);
  const requests = withoutUnread(
    fuse(nodes, kept, (root) => isFusible(root, target)).flatMap((group) => lowerGroup(group, target)),
    kept,
  );
  const { locate, ...memory } = layOut(requests, results, placed, target);
  const dispatches = requests.map((request) => planDispatch(request, locate, target));
  return { ...memory, dispatches };
}

/** Throws where a value is float16 and the adapter cannot store it. */
function requireHalves(tensors: readonly Tensor[], { halves }: Target): void {
  const half = halves ? undefined : tensors.find(({ dtype }) => dtype === "f16");
  if (half) throw new RangeError(`Cannot plan: ${half.label} is float16, which the adapter does not store`);
}

/** Leaves out what computes values that every reader has computed for itself. */
function withoutUnread(requests: readonly GroupRequest[], kept: ReadonlySet<Tensor>): GroupRequest[] {
  const bound = new Set(
    requests.flatMap(({ group, bindings }) =>
      Object.values(bindings).filter((operand) => operand !== group.result)
    ),
  );
  return requests.filter(({ group: { result } }) =>
    !result.operation.recomputed || bound.has(result) || kept.has(result)
  );
}

/** A dispatch that an operation asked for, with what was fused behind it. */
interface GroupRequest extends DispatchRequest {
  group: Group;
  variant: KernelVariant;
}

function lowerGroup(group: Group, target: Target): GroupRequest[] {
  const requests: GroupRequest[] = [];
  group.root.operation.lower(group.root, {
    target,
    dispatch: (request) => requests.push(withEpilogue(request, group)),
  });
  return requests;
}

function isFusible(root: Tensor, target: Target): boolean {
  // Operands of an epilogue lie as a tensor of its own would.
  if (root.place) return false;
  let fusible = false;
  root.operation.lower(root, { target, dispatch: (request) => fusible = request.epilogue === true });
  return fusible;
}

function withEpilogue(request: DispatchRequest, group: Group): GroupRequest {
  const constants = request.constants;
  if (!request.epilogue) {
    const variant = kernelVariant(request.kernel, constants, halvesOf(request.bindings));
    return { ...request, group, variant };
  }
  // The operands' declarations come behind the kernel's own bindings, one of which is the uniform.
  const { code, declarations, operands } = epilogue(group, Object.keys(request.bindings).length + 1);
  const filled = { ...constants, EPILOGUE: code, EPILOGUE_BINDINGS: declarations };
  const bindings: Record<string, Operand> = { ...request.bindings };
  for (const [name, operand] of Object.entries(bindings)) {
    if (operand === group.root) bindings[name] = group.result;
  }
  operands.forEach((operand, index) => bindings[`operand${index}`] = operand);
  requirePlain([...Object.values(bindings), ...operands], group);
  const extraBytes = operands.reduce((sum, operand) => sum + storedBytes(operand.type), 0);
  const bytes = request.bytes + extraBytes;
  const variant = kernelVariant(request.kernel, filled, halvesOf(bindings));
  if (group.chain.length > 0) {
    variant.label += ` +${group.chain.map((node) => node.operation.name).join("+")}`;
  }
  return { ...request, bindings, bytes, group, variant };
}

/** The bindings whose memory holds float16. */
function halvesOf(bindings: Readonly<Record<string, Operand>>): string[] {
  return Object.entries(bindings).flatMap(([name, operand]) =>
    !(operand instanceof Scratch) && operand.dtype === "f16" ? [name] : []
  );
}

/** An epilogue counts quads of whole tensors: what lies in another tensor's rows would be read in the wrong place. */
function requirePlain(operands: readonly Operand[], group: Group): void {
  const placed = group.chain.length > 0 &&
    operands.find((operand) => !(operand instanceof Scratch) && !isPlain(operand));
  if (placed) {
    throw new RangeError(`Cannot plan ${group.result.label}: ${placed.label} lies in another tensor's rows`);
  }
}

function isPlain(tensor: Tensor): boolean {
  return `${storageOf(tensor).shape}` === `${tensor.shape}`;
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
