/**
 * Operations refuse inputs that do not fit, with their own name and both shapes; inputs that fit give PyTorch's shapes.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { InputRule } from "../../src/graph/inputs.ts";
import { type DataType, floatType, type Layout } from "../../src/graph/layout.ts";
import { type AnyOperation, apply } from "../../src/graph/tensor.ts";
import { conv2d, convTranspose2d } from "../../src/ops/convolution/conv2d.ts";
import type { Window } from "../../src/ops/convolution/window.ts";
import { operations } from "../../src/ops/table.ts";
import { buildCase, hasGraph } from "../case_graph.ts";
import { image, tensor, weight } from "../cases/tensors.ts";
import { readOperationGoldens } from "../golden/read.ts";
import { operationCases, refusals } from "../operation_cases.ts";

for (const { operation, what, build, details } of refusals) {
  Deno.test(`${operation} refuses what does not fit: ${what}`, () => {
    const { message } = assertThrows(build, RangeError);
    assert(message.startsWith(`Cannot run ${operation} `), message);
    for (const detail of details) assert(message.includes(detail), `"${message}" lacks ${detail}`);
  });
}

const table: [string, AnyOperation][] = Object.entries(operations);

Deno.test("every operation refuses some call, or its record refuses for it", () => {
  const named = new Set(refusals.map(({ operation }) => operation));
  // Operations on single elements share one check of their shapes; those without inputs have nothing to refuse.
  const own = table.filter(([, { inputs, elementwise }]) => inputs.length > 0 && !elementwise);
  assertEquals(own.map(([name]) => name).filter((name) => !named.has(name)), []);
});

const ranks: Record<Layout, number> = { flat: 1, channels_last: 4, taps_first: 4, codes_first: 2 };

/** A tensor that the rule accepts. */
function accepted({ layouts, dtypes, axes }: InputRule) {
  const [layout] = layouts as [Layout];
  const shape = new Array(axes?.length ?? ranks[layout]).fill(4);
  return tensor(shape, layout, dtypes[0]);
}

/** Tensors of another element type, another layout and another number of axes, as far as the rule excludes any. */
function refused({ layouts, dtypes, axes }: InputRule) {
  const [layout, dtype] = [layouts[0]!, dtypes[0]!];
  const rank = axes?.length ?? ranks[layout];
  const types = (["f32", "f16", "u32"] as DataType[]).filter((each) => !dtypes.includes(each));
  const others = (Object.keys(ranks) as Layout[]).filter((each) => !layouts.includes(each));
  const fixesRank = axes !== undefined || layout !== "flat";
  return [
    ...types.map((each) => tensor(new Array(rank).fill(4), layout, each)),
    ...others.map((each) => tensor(new Array(ranks[each]).fill(4), each, dtype)),
    ...(fixesRank && layouts.length === 1 ? [tensor(new Array(rank + 1).fill(4), layout, dtype)] : []),
  ];
}

Deno.test("every operation refuses inputs that its record does not list", () => {
  for (const [name, operation] of table) {
    const { inputs } = operation;
    for (const [index, rule] of inputs.entries()) {
      for (const wrong of refused(rule)) {
        const tensors = inputs.map((each, at) => at === index ? wrong : accepted(each));
        const { message } = assertThrows(() => apply(operation, tensors, {}), RangeError);
        assert(message.startsWith(`Cannot run ${name} as the ${rule.name} must be `), message);
        assert(message.includes(`${wrong.dtype} [${wrong.shape}], ${wrong.type.layout}`), message);
      }
    }
    const required = inputs.filter(({ occurs }) => !occurs);
    for (const count of [required.length - 1, inputs.length + 1]) {
      if (count < 0 || (count > inputs.length && inputs.at(-1)?.occurs === "repeated")) continue;
      const tensors = Array.from({ length: count }, (_, at) => accepted(inputs[at] ?? inputs[0] ?? float));
      const { message } = assertThrows(() => apply(operation, tensors, {}), RangeError);
      assert(message.startsWith(`Cannot run ${name} as it has ${count} inputs; expected: `), message);
    }
  }
});

const float: InputRule = { name: "input", layouts: ["flat"], dtypes: ["f32"] };

Deno.test("the shapes of all cases are PyTorch's", async () => {
  const goldens = await readOperationGoldens();
  for (const each of operationCases) {
    if (!each.golden || !hasGraph(each) || each.asGolden) continue;
    const golden = goldens.find(({ operation, name }) => operation === each.operation && name === each.name)!;
    const shapes = Object.values(golden.outputs).map(({ shape }) => shape);
    const name = `${each.operation}/${each.name}`;
    assertEquals(buildCase(each).outputs.map(({ shape }) => [...shape]), shapes, name);
  }
});

Deno.test("sizes follow from stride, padding, dilation and output padding", () => {
  const window: Window = { stride: [2, 3], padding: [1, 0, 2, 1], dilation: [2, 1] };
  // (9 + 3 − 2·2 − 1) / 2 + 1 = 4 rows and (10 + 1 − 2 − 1) / 3 + 1 = 3 columns.
  assertEquals(
    conv2d(image(1, 2, 9, 10), weight(3, 2, 3, 3), window).type,
    floatType([1, 3, 4, 3], "channels_last"),
  );
  // (4 − 1)·2 − 3 + 2·2 + 1 = 8 rows and (4 − 1)·3 − 1 + 2 + 1 + 2 = 13 columns.
  assertEquals(
    convTranspose2d(image(1, 2, 4, 4), weight(2, 3, 3, 3), { ...window, outputPadding: [0, 2] })
      .type,
    floatType([1, 3, 8, 13], "channels_last"),
  );
});
