/** Targets to plan for where no adapter is asked. */

import type { Target } from "../../src/graph/lowering.ts";

/** As a software adapter offers it. */
export const softwareTarget: Target = {
  subgroupLanes: 8,
  subgroupsNeedEnable: false,
  halves: true,
  parallelWorkgroups: 4,
  maxWorkgroupsPerDimension: 65535,
  maxInvocations: 1024,
  maxStorageBuffers: 8,
  maxBindingBytes: 2 ** 27,
  uniformAlignment: 256,
  storageAlignment: 256,
  choices: new Map(),
};

/** As a graphics card offers it. */
export const cardTarget: Target = {
  ...softwareTarget,
  subgroupLanes: 0,
  parallelWorkgroups: 512,
  maxBindingBytes: 2 ** 31,
};
