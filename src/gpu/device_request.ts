/** Requests a device with everything that its adapter offers, and describes it to the planner. */

import type { Target } from "../graph/lowering.ts";

/** A device, and whether its kernels may use subgroup operations. */
export interface GrantedDevice {
  device: GPUDevice;
  /** True if subgroups always have eight lanes, and the device grants their operations. */
  hasEightLanes: boolean;
}

/** Features that make work faster or measurable; nothing depends on them. */
const optionalFeatures: GPUFeatureName[] = ["timestamp-query", "shader-f16"];
const subgroupFeature = "subgroups" as GPUFeatureName;

/** Requests a device with all the limits that the adapter offers. */
export async function requestDevice(adapter: GPUAdapter, timestamps: boolean): Promise<GrantedDevice> {
  const features = optionalFeatures.filter((feature) =>
    adapter.features.has(feature) && (timestamps || feature !== "timestamp-query")
  );
  const request = (requiredFeatures: GPUFeatureName[]) =>
    adapter.requestDevice({ label: "vqray", requiredFeatures, requiredLimits: limitsOf(adapter) });
  const hasEightLanes = hasFixedSubgroups(adapter);
  if (adapter.features.has(subgroupFeature)) {
    return { device: await request([...features, subgroupFeature]), hasEightLanes };
  }
  if (!hasEightLanes) return { device: await request(features), hasEightLanes };
  try {
    // Deno grants subgroups wherever the driver has them, although the adapter does not list the feature.
    return { device: await request([...features, subgroupFeature]), hasEightLanes };
  } catch (error) {
    // Browsers reject a feature that the adapter does not list.
    if (!(error instanceof TypeError)) throw error;
    return { device: await request(features), hasEightLanes: false };
  }
}

function limitsOf({ limits }: GPUAdapter): Record<string, number> {
  const all: Record<string, number> = {};
  for (const name in limits) {
    const value = limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") all[name] = value;
  }
  return all;
}

function hasFixedSubgroups({ info }: GPUAdapter): boolean {
  return info.subgroupMinSize === info.subgroupMaxSize && info.subgroupMinSize === 8;
}

/** What the planner has to know about the device. */
export function describeTarget(
  adapter: GPUAdapter,
  { device, hasEightLanes }: GrantedDevice,
  { subgroups, software }: { subgroups: boolean; software: boolean },
): Omit<Target, "choices"> {
  const { features, limits } = device;
  return {
    subgroupLanes: subgroups && hasEightLanes ? 8 : 0,
    subgroupsNeedEnable: features.has(subgroupFeature) && adapter.features.has(subgroupFeature),
    halves: features.has("shader-f16"),
    parallelWorkgroups: software ? 2 * navigator.hardwareConcurrency : 512,
    // A GPU needs many threads to keep its memory busy.
    summingLines: software ? 8 : 32,
    maxWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    maxInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxStorageBuffers: limits.maxStorageBuffersPerShaderStage,
    maxBindingBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    uniformAlignment: limits.minUniformBufferOffsetAlignment,
    storageAlignment: limits.minStorageBufferOffsetAlignment,
  };
}
