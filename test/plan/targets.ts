/** Targets of tests that plan without an adapter. */

import type { Target } from "../../src/graph/lowering.ts";

/** A software adapter with subgroups of eight lanes. */
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

/** The same target with the work divided as for a GPU. */
export function asCard(target: Target): Target {
  return { ...target, subgroupLanes: 0, parallelWorkgroups: 512, summingLines: 32 };
}

/** A GPU. */
export const cardTarget: Target = { ...asCard(softwareTarget), maxBindingBytes: 2 ** 31 };
