/** Kernels compile on either way, and messages quote the line that is wrong. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { compileKernel, type Compiler, type CompilerMessage, excerpt } from "../../src/gpu/compile.ts";
import { Gpu } from "../../src/gpu/device.ts";

const code = "struct Params { count: u32 }\n  let x = y;\n";
const messages: CompilerMessage[] = [
  { type: "warning", message: "unused", lineNum: 1 },
  { type: "error", message: "unresolved value 'y'\n", lineNum: 2 },
  { type: "error", message: "another", lineNum: 1 },
];

Deno.test("the first error's line is quoted if the message does not quote it", () => {
  assertEquals(excerpt("Invalid shader", messages, code), `; line 2: unresolved value 'y' in "let x = y;"`);
  assertEquals(excerpt("wgsl:2:11 │ let x = y; │ no such identifier", messages, code), "");
});

Deno.test("there is no excerpt of a message without a line, or of no message", () => {
  assertEquals(excerpt("Invalid shader", [{ type: "error", message: "too long", lineNum: 0 }], code), "");
  assertEquals(excerpt("Invalid layout", [messages[0]!], code), "");
  assertEquals(excerpt("Invalid layout", [], code), "");
});

/** A device whose pipelines and messages are those of a browser. */
function browserLike(failure?: string) {
  const pipeline = {} as GPUComputePipeline;
  const device = {
    createShaderModule: () => ({ getCompilationInfo: () => Promise.resolve({ messages }) }),
    createComputePipelineAsync: () =>
      failure ? Promise.reject(new Error(failure)) : Promise.resolve(pipeline),
  } as unknown as GPUDevice;
  const scoped: Compiler["scoped"] = (_, make) => Promise.resolve(make());
  return { pipeline, compiler: { device, scoped } };
}

/** Runs a test as if in a browser. */
async function inBrowser(test: () => Promise<void>): Promise<void> {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator")!;
  Object.defineProperty(globalThis, "navigator", {
    configurable: true,
    value: { userAgent: "Mozilla/5.0" },
  });
  try {
    await test();
  } finally {
    Object.defineProperty(globalThis, "navigator", own);
  }
}

Deno.test("in a browser, pipelines are made in the background, and their errors name the kernel", () =>
  inBrowser(async () => {
    const { pipeline, compiler } = browserLike();
    assertEquals(await compileKernel(compiler, "sample", code, {} as GPUPipelineLayout), pipeline);
    const { compiler: failing } = browserLike("Invalid\nshader");
    await assertRejects(
      () => compileKernel(failing, "sample", code, {} as GPUPipelineLayout),
      Error,
      `kernel sample: Invalid shader; line 2: unresolved value 'y' in "let x = y;"`,
    );
  }));

Deno.test("Deno's own messages quote the line, so that nothing is added", async () => {
  const gpu = await Gpu.open();
  const layout = gpu.device.createPipelineLayout({ bindGroupLayouts: [] });
  const { message } = await assertRejects(() => gpu.pipeline("sample", "fn main( {\n}", layout), Error);
  assert(message.startsWith("kernel sample: ") && !message.includes("; line"), message);
  gpu.close();
});
