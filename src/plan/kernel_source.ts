/** One variant of a kernel: its expanded WGSL, and the bindings and Params that the WGSL declares. */

import type { Kernel } from "../graph/lowering.ts";
import { withHalves } from "./half_access.ts";
import { type Constants, expand } from "./template.ts";

/** A binding that a variant declares. */
export interface KernelBinding {
  name: string;
  index: number;
  access: "read" | "read_write" | "uniform";
}

/** A member of the kernel's struct `Params`, its uniform. */
interface ParamsMember {
  name: string;
  type: "u32" | "i32" | "f32";
}

/** A variant of a kernel, ready to be compiled. */
export interface KernelVariant {
  /** The kernel's name with its numbers and set flags, for tables and errors. */
  label: string;
  code: string;
  bindings: KernelBinding[];
  params: ParamsMember[];
}

/**
 * Expands a kernel's source and reads the bindings and `Params` that it declares. `halves` are the bindings that hold
 * float16.
 *
 * @throws {SyntaxError} if the source cannot be expanded, or a name in `halves` is not a binding of floats.
 */
export function kernelVariant(
  kernel: Kernel,
  constants: Constants,
  halves: readonly string[] = [],
): KernelVariant {
  const code = withHalves(kernel.name, expand(kernel, constants), halves);
  return {
    label: variantLabel(kernel.name, constants) + (halves.length > 0 ? " f16" : ""),
    code,
    bindings: readBindings(code),
    params: readParams(code),
  };
}

function variantLabel(name: string, constants: Constants): string {
  const short = Object.entries(constants).filter(([, value]) => typeof value !== "string" && value !== false);
  if (short.length === 0) return name;
  return `${name}[${short.map(([key, value]) => value === true ? key : `${key}=${value}`).join(" ")}]`;
}

function readBindings(code: string): KernelBinding[] {
  const pattern = /@binding\((\d+)\)\s*var<(uniform|storage,\s*read_write|storage,\s*read)>\s*(\w+)/g;
  return [...code.matchAll(pattern)].map(([, index, space, name]) => ({
    name: name!,
    index: Number(index),
    access: space === "uniform" ? "uniform" : space!.endsWith("read_write") ? "read_write" : "read",
  }));
}

function readParams(code: string): ParamsMember[] {
  const body = /struct Params \{([^}]*)\}/.exec(code)?.[1] ?? "";
  return [...body.matchAll(/(\w+):\s*(u32|i32|f32)/g)].map(([, name, type]) => ({
    name: name!,
    type: type as ParamsMember["type"],
  }));
}

/**
 * Packs values into the bytes of the variant's `Params`, in the order of its members.
 *
 * @throws {RangeError} if a member has no value, a value has no member, or a value does not fit the member's type.
 */
export function packParams(
  variant: KernelVariant,
  values: Readonly<Record<string, number>>,
): Uint8Array<ArrayBuffer> {
  const extra = Object.keys(values).find((name) => !variant.params.some((member) => member.name === name));
  if (extra) throw new RangeError(`${variant.label}: Params has no member ${extra}`);
  const bytes = new DataView(new ArrayBuffer(Math.max(16, Math.ceil(variant.params.length / 4) * 16)));
  variant.params.forEach(({ name, type }, index) => {
    const value = values[name];
    if (value === undefined || (type !== "f32" && !Number.isInteger(value))) {
      throw new RangeError(`${variant.label}: Params.${name} is ${value}; expected ${type}`);
    }
    if (type === "f32") bytes.setFloat32(4 * index, value, true);
    else if (type === "i32") bytes.setInt32(4 * index, value, true);
    else bytes.setUint32(4 * index, value, true);
  });
  return new Uint8Array(bytes.buffer);
}
