/**
 * Dawn, the WebGPU of Chrome, with its compiler Tint, from the npm package `webgpu`. Its null backend validates every
 * call and compiles every kernel as a browser would, but computes nothing, so that no GPU is needed.
 */

interface Package {
  create(options: string[]): GPU;
  globals: Record<string, unknown>;
}

// Not a literal, so that the project's own type check does not look for the package.
const name: string = "webgpu";
const { create, globals } = await import(name) as Package;

/** Runs `use` with Dawn in place of Deno's WebGPU, on a platform that seems to be a browser. */
export async function inDawn<Result>(
  use: (gpu: GPU) => Promise<Result>,
): Promise<Result> {
  const gpu = create(["backend=null"]);
  const { hardwareConcurrency } = navigator;
  const replaced = {
    ...globals,
    navigator: {
      gpu,
      hardwareConcurrency,
      userAgent: "Mozilla/5.0 (Dawn)",
      platform: "Linux x86_64",
    },
  };
  const own = Object.keys(replaced).map((key) =>
    [key, Object.getOwnPropertyDescriptor(globalThis, key)] as const
  );
  for (const [key, value] of Object.entries(replaced)) {
    Object.defineProperty(globalThis, key, {
      value,
      configurable: true,
      writable: true,
    });
  }
  try {
    return await use(gpu);
  } finally {
    for (const [key, descriptor] of own) {
      if (descriptor) Object.defineProperty(globalThis, key, descriptor);
      else delete (globalThis as Record<string, unknown>)[key];
    }
  }
}
