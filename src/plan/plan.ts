/**
 * The plan: a list of dispatches over a list of buffers, made once from the graph and run at every step. A plan is
 * plain data and needs no GPU: it can be printed and compared, and its memory is known before any is allocated.
 */

import { divideUp } from "../graph/layout.ts";
import type { Target } from "../graph/lowering.ts";
import { ancestors, storageOf, type Tensor } from "../graph/tensor.ts";
import type { Arena } from "./arena.ts";
import { layOut, type Locate, type Location, type PlannedBuffer } from "./buffers.ts";
import { type KernelVariant, packParams } from "./kernel_source.ts";
import { type GroupRequest, lowerNodes } from "./lower.ts";
import { reductionPoint } from "./reduction.ts";

export { type Location, type PlannedBuffer, TooLargeError } from "./buffers.ts";

/** A dispatch of a kernel. */
export interface PlannedDispatch {
  /** The label of the node whose value it computes. */
  label: string;
  /** The name of the operation that asked for it. */
  operation: string;
  variant: KernelVariant;
  /** In the order of the variant's bindings, without the uniform. */
  bindings: { name: string; location: Location }[];
  /** The bytes of the kernel's `Params`. */
  params: Uint8Array<ArrayBuffer>;
  /** Workgroups in two dimensions. */
  grid: readonly [number, number];
  /** Multiplications and additions. */
  flops: number;
  /** Bytes read and written if every operand is touched once. */
  bytes: number;
}

/** A program planned for a target. */
export interface Plan {
  buffers: PlannedBuffer[];
  /** In the order of execution. */
  dispatches: PlannedDispatch[];
  /** Index of the first dispatch that may read what ranks add up; see `Program.reduced`. */
  reduceAt?: number;
  /** The location of each result, and of each persistent tensor that is read or changed. */
  locations: ReadonlyMap<Tensor, Location>;
  /** Bytes of all buffers. */
  peakBytes: number;
  /** Bytes that the same dispatches would need if no values shared a buffer. */
  unsharedBytes: number;
}

/** What a run computes. */
export interface Program {
  /** Values that can be read after a run. */
  results?: readonly Tensor[];
  /** Nodes that change variables. */
  effects?: readonly Tensor[];
  /** Groups of tensors, each in one buffer. */
  arenas?: readonly Arena[];
  /**
   * Arenas whose values a group of ranks adds up in the middle of a run. The dispatches then have two parts: those that
   * compute the arenas' members, and those that read the sums. Nothing else that the first part computes may reach the
   * second, and inputs that the second part reads must be the same on all ranks.
   */
  reduced?: readonly Arena[];
}

/**
 * Plans a program: chooses kernels, fuses elementwise operations into them, and assigns values to buffers. Needs no
 * GPU. The plan depends on its arguments alone, `target.choices` included.
 *
 * @throws {TooLargeError} if a buffer is larger than the adapter can bind
 * @throws {RangeError} if a value is float16 and the adapter cannot store it
 * @throws {RangeError} if a dispatch binds more storage buffers than the adapter allows, or both reads and writes one
 * @throws {RangeError} if a result lies in another tensor's rows
 * @throws {RangeError} if an operation's bindings or parameters are not those of its kernel
 * @throws {RangeError} if anything but the sums crosses the point at which ranks add up; see `Program.reduced`
 * @throws {SyntaxError} if a kernel's template is wrong; the message names the kernel and the line
 *
 * @example A sum and its ReLU are one dispatch
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { floatType } from "../graph/layout.ts";
 * import { add, relu } from "../ops/elementwise.ts";
 * import { variable } from "../ops/variable.ts";
 *
 * const target = {
 *   subgroupLanes: 0,
 *   subgroupsNeedEnable: false,
 *   halves: false,
 *   parallelWorkgroups: 512,
 *   summingLines: 32,
 *   maxWorkgroupsPerDimension: 65535,
 *   maxInvocations: 256,
 *   maxStorageBuffers: 8,
 *   maxBindingBytes: 2 ** 27,
 *   uniformAlignment: 256,
 *   storageAlignment: 256,
 *   choices: new Map(),
 * };
 * const x = variable(floatType([1, 8, 16, 16], "channels_last"), "x");
 * const y = variable(floatType([1, 8, 16, 16], "channels_last"), "y");
 * const { dispatches, peakBytes } = plan({ results: [relu(add(x, y))] }, target);
 * assertEquals(dispatches.map(({ variant }) => variant.label), ["elementwise +add+relu"]);
 * assertEquals(peakBytes, 3 * 8 * 16 * 16 * 4);
 * ```
 */
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

/** @throws {RangeError} if a value is float16 and the adapter cannot store it */
function requireHalves(tensors: readonly Tensor[], { halves }: Target): void {
  const half = halves ? undefined : tensors.find(({ dtype }) => dtype === "f16");
  if (half) throw new RangeError(`Cannot plan: ${half.label} is float16, which the adapter does not store`);
}

/** Binds a dispatch's operands, and checks that WebGPU will take it. */
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
  if (bindings.length > target.maxStorageBuffers) {
    throw new RangeError(
      `Cannot plan: ${variant.label} for ${group.result.label} binds ${bindings.length} storage buffers and the adapter allows ${target.maxStorageBuffers}`,
    );
  }
  // WebGPU forbids binding a buffer for reading and for writing at once, even if the ranges are disjoint. It may be
  // bound for writing twice if they are.
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

/**
 * A grid of at least `count` workgroups. Kernels compute their index, `group.y * groups.x + group.x`, and stop beyond
 * the end.
 */
function foldGrid(count: number, limit: number): readonly [number, number] {
  if (count <= limit) return [Math.max(1, count), 1];
  const height = divideUp(count, limit);
  return [divideUp(count, height), height];
}
