/** The tuner: what it measures, keeps and chooses. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { Gpu } from "../../src/gpu/device.ts";
import { floatType } from "../../src/graph/layout.ts";
import type { Tunable, Variant } from "../../src/graph/lowering.ts";
import { Tensor } from "../../src/graph/tensor.ts";
import { conv2d } from "../../src/ops/convolution/conv2d.ts";
import { variable } from "../../src/ops/variable.ts";
import { tunablesOf } from "../../src/plan/lower.ts";
import { plan } from "../../src/plan/plan.ts";
import { contest } from "../../src/tune/contest.ts";
import { Tuner } from "../../src/tune/tuner.ts";

function convolution(channels = 8): Tensor {
  const x = variable(floatType([2, channels, 6, 6], "channels_last"), "x");
  const weight = variable(floatType([channels, channels, 3, 3], "taps_first"), "w");
  return conv2d(x, weight, { stride: [1, 1], padding: [1, 1, 1, 1] });
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Opens a device and a tuner, and passes them and the tuner's notes to `use`. */
async function withTuner(
  options: Omit<Parameters<typeof Tuner.open>[1], "note">,
  use: (tuner: Tuner, gpu: Gpu, notes: string[]) => Promise<void>,
): Promise<void> {
  const gpu = await Gpu.open();
  const notes: string[] = [];
  try {
    await use(await Tuner.open(gpu, { ...options, note: (text) => notes.push(text) }), gpu, notes);
  } finally {
    gpu.close();
  }
}

Deno.test("findings are chosen again without measuring, unless their file is damaged", async () => {
  await withFolder(async (folder) => {
    const node = convolution();
    let found = {};
    await withTuner({ mode: "quick", folder: join(folder, "new") }, async (tuner, gpu, notes) => {
      assert(await tuner.prepare({ results: [node] }));
      assert(!await tuner.prepare({ results: [node] }), "all is settled");
      assertEquals(notes.length, 2);
      assertStringIncludes(notes[0]!, "tuning 1 kernels");
      const [[shapeClass, variant]] = [...gpu.choices] as [[string, string]];
      const [tunable] = tunablesOf([node], gpu.target);
      assertEquals(shapeClass, tunable!.shapeClass);
      assert(tunable!.variants.some(({ name }) => name === variant));
      found = tuner.state.choices;
    });
    await withTuner({ mode: "quick", folder: join(folder, "new") }, async (tuner, _, notes) => {
      assert(await tuner.prepare({ results: [node] }));
      assertEquals([tuner.state.choices, notes], [found, []]);
    });
    const [{ name }] = await Array.fromAsync(Deno.readDir(join(folder, "new"))) as [Deno.DirEntry];
    await Deno.writeTextFile(join(folder, "new", name), "{ damaged");
    await withTuner({ mode: "quick", folder: join(folder, "new") }, async (tuner, _, notes) => {
      assert(await tuner.prepare({ results: [node] }));
      assertEquals(notes.length, 2);
    });
  });
});

Deno.test("classes are measured again if their kernels have changed or more variants are to be tried", async () => {
  await withFolder(async (folder) => {
    const program = { results: [convolution()] };
    await withTuner({ mode: "quick", folder }, async (tuner) => void await tuner.prepare(program));
    await withTuner({ mode: "full", folder }, async (tuner, _, notes) => {
      await tuner.prepare(program);
      assertStringIncludes(notes[0]!, "--tune full");
    });
    const [{ name }] = await Array.fromAsync(Deno.readDir(folder)) as [Deno.DirEntry];
    const path = join(folder, name);
    const content = JSON.parse(await Deno.readTextFile(path));
    const [finding] = Object.values(content.findings) as { source: string; milliseconds: object }[];
    assert(Object.keys(finding!.milliseconds).length > 5, "full tries all of them");
    finding!.source = "other kernels";
    await Deno.writeTextFile(path, JSON.stringify(content));
    await withTuner({ mode: "full", folder }, async (tuner, _, notes) => {
      await tuner.prepare(program);
      assertEquals(notes.length, 2);
    });
  });
});

Deno.test("off chooses nothing; a resumed run keeps its choices", async () => {
  const node = convolution();
  await withTuner({ mode: "off" }, async (tuner, gpu) => {
    assert(!await tuner.prepare({ results: [node] }));
    assertEquals(gpu.choices.size, 0);
    const [{ shapeClass }] = tunablesOf([node], gpu.target) as [Tunable];
    const saved = { tune: "quick" as const, choices: { [shapeClass]: "direct 4×8" } };
    await withTuner({ saved }, async (other, same, notes) => {
      assertEquals(other.mode, "quick");
      assert(!await other.prepare({ results: [node] }));
      const [dispatch] = plan({ results: [node] }, same.target).dispatches;
      assertStringIncludes(dispatch!.variant.label, "conv2d_direct[POSITIONS=4 QUADS=2");
      assertEquals([other.state, notes], [saved, []]);
    });
  });
});

/** The simplest variant of the tunable, with its kernel's text changed. */
function altered({ variants }: Tunable, name: string, from: string, to: string): Variant {
  const lower: Variant["lower"] = (lowering) =>
    variants.at(-1)!.lower({
      ...lowering,
      dispatch(request) {
        const source = request.kernel.source.replace(from, to);
        lowering.dispatch({ ...request, kernel: { name, source } });
      },
    });
  return { name, lower };
}

Deno.test("a variant that computes wrong values or does not compile never wins", async () => {
  await withTuner({ mode: "full" }, async (_, gpu) => {
    const node = convolution();
    // The same operation with two more variants.
    const withMore = (tunable: Tunable): Tunable => {
      const wrong = altered(tunable, "one tap less", "ky = 0u", "ky = 1u");
      const broken = altered(tunable, "broken", "let tap =", "let tap = nothing +");
      return { ...tunable, variants: [wrong, broken, tunable.variants.at(-1)!] };
    };
    const operation: typeof node.operation = {
      ...node.operation,
      lower: (result, lowering) =>
        node.operation.lower(result, {
          ...lowering,
          choose: (tunable) => lowering.choose(withMore(tunable)),
        }),
    };
    const asking = new Tensor(operation, node.inputs, node.attributes, node.type, "asking");
    const [tunable] = tunablesOf([asking], gpu.target) as [Tunable];
    const outcome = await contest(gpu, tunable, { most: 3, runs: 2 });
    assertEquals(outcome.variant, "direct 1×4");
    assertEquals(Object.keys(outcome.milliseconds), ["direct 1×4"]);
    assertEquals(outcome.failures.length, 2);
    assertStringIncludes(outcome.failures[0]!, "one tap less");
    assertStringIncludes(outcome.failures[1]!, "broken");
  });
});
