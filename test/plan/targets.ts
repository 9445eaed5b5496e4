/** Targets to plan for where no adapter is asked. */

import type { Target } from "../../src/graph/lowering.ts";

/** As a software adapter offers it. */
export const softwareTarget: Target = {
  subgroupLanes: 8,
  subgroupsNeedEnable: false,
  halves: true,
  parallelWorkgroups: 4,
  summingLines: 8,
  maxWorkgroupsPerDimension: 65535,
  maxInvocations: 1024,
  maxStorageBuffers: 8,
  maxBindingBytes: 2 ** 27,
  uniformAlignment: 256,
  storageAlignment: 256,
  choices: new Map(),
};

/** The same adapter, with the work shared out as on a graphics card. */
export function asCard(target: Target): Target {
  return { ...target, subgroupLanes: 0, parallelWorkgroups: 512, summingLines: 32 };
}

/** As a graphics card offers it. */
export const cardTarget: Target = { ...asCard(softwareTarget), maxBindingBytes: 2 ** 31 };
