/** For what training steps are planned where plans and kernels are compared. */

const generic = {
  subgroupsNeedEnable: false,
  halves: true,
  maxWorkgroupsPerDimension: 65535,
  maxInvocations: 1024,
  maxStorageBuffers: 8,
  maxBindingBytes: Infinity,
  uniformAlignment: 256,
  storageAlignment: 256,
  choices: new Map<string, string>(),
};
/** What kernels may rely on, for three kinds of adapter. */
export const planTargets = {
  "eight lanes": { ...generic, subgroupLanes: 8, parallelWorkgroups: 16, summingLines: 8 },
  "workgroup memory": { ...generic, subgroupLanes: 0, parallelWorkgroups: 1024, summingLines: 32 },
  "small workgroups": {
    ...generic,
    subgroupLanes: 0,
    parallelWorkgroups: 16,
    summingLines: 8,
    maxInvocations: 256,
    subgroupsNeedEnable: true,
  },
};
/** Sides of the images for which each model is planned. */
export const planSizes = { vqvae: [32, 64, 256], densenet: [32, 64, 224] } as const;
