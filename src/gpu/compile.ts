/** Compiles kernels, and says where in its source a kernel is wrong. */

import { firstLines } from "./error_scope.ts";
import { compilesInBackground } from "./platform.ts";

/** The parts of a `Gpu` that compiling needs. */
export interface Compiler {
  device: GPUDevice;
  scoped<Made>(label: string, make: () => Made): Promise<Made>;
}

/**
 * Compiles a kernel, in the background where the platform can.
 *
 * @param label the kernel's name, with which error messages begin
 * @param code WGSL whose entry point is `main`
 * @throws {Error} if the code does not compile or does not fit the layout
 */
export async function compileKernel(
  gpu: Compiler,
  label: string,
  code: string,
  layout: GPUPipelineLayout,
): Promise<GPUComputePipeline> {
  const { device } = gpu;
  const name = `kernel ${label}`;
  let module: GPUShaderModule | undefined;
  const makeModule = () => module = device.createShaderModule({ label, code });
  const describe = (module: GPUShaderModule) => ({ label, layout, compute: { module, entryPoint: "main" } });
  try {
    if (!compilesInBackground()) {
      return await gpu.scoped(name, () => device.createComputePipeline(describe(makeModule())));
    }
    return await compileInBackground(device, name, describe(await gpu.scoped(name, makeModule)));
  } catch (error) {
    const messages = (await module?.getCompilationInfo())?.messages ?? [];
    (error as Error).message += excerpt((error as Error).message, messages, code);
    throw error;
  }
}

/** `createComputePipelineAsync` rejects its promise; error scopes do not see its errors. */
async function compileInBackground(
  device: GPUDevice,
  name: string,
  descriptor: GPUComputePipelineDescriptor,
): Promise<GPUComputePipeline> {
  try {
    return await device.createComputePipelineAsync(descriptor);
  } catch (error) {
    throw new Error(`${name}: ${firstLines((error as Error).message)}`);
  }
}

/** The parts of a compiler's message that are used. */
export type CompilerMessage = Pick<GPUCompilationMessage, "type" | "message" | "lineNum">;

/**
 * The first compile error with its line of the source, to be added to an error's message. Empty if the message quotes
 * that line already, as Deno's and Chrome's do.
 */
export function excerpt(message: string, messages: Iterable<CompilerMessage>, code: string): string {
  const error = [...messages].find(({ type }) => type === "error");
  const line = error && code.split("\n")[error.lineNum - 1]?.trim();
  if (!error || !line || message.includes(line)) return "";
  return `; line ${error.lineNum}: ${firstLines(error.message)} in "${line}"`;
}
