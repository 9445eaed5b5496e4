/** The loss of single logits, whose errors a sum over many logits would hide. */

import { assert, assertEquals } from "@std/assert";
import { Gpu } from "../../src/gpu/device.ts";
import { floatType } from "../../src/graph/layout.ts";
import { gradients } from "../../src/ops/gradient.ts";
import { logisticLoss } from "../../src/ops/logistic_loss.ts";
import { variable } from "../../src/ops/variable.ts";
import { runGraph } from "../run_graph.ts";

/** The loss and its gradient for one logit with these weights of a positive and a negative label. */
async function single(
  gpu: Gpu,
  logit: number,
  positive: number,
  negative: number,
): Promise<[number, number]> {
  const inputs = ["logit", "positive", "negative"].map((label) =>
    variable(floatType([1, 1, 1, 1], "channels_last"), label)
  );
  const [x, p, n] = inputs as [typeof inputs[0], typeof inputs[0], typeof inputs[0]];
  const loss = logisticLoss(x, p, n);
  const values = new Map(
    [logit, positive, negative].map((value, index) => [inputs[index]!, Float32Array.of(value)] as const),
  );
  const results = await runGraph(gpu, { values, tensors: [loss, ...gradients(loss, [x])] });
  return [results[0]!.values[0]!, results[1]!.values[0]!];
}

Deno.test("logistic_loss: each logit's loss and gradient keep their digits, however small or large", async () => {
  const gpu = await Gpu.open();
  for (const x of [-100, -80, -40, -20, -5, -1, -0.5, -1e-3, 0, 1e-3, 0.5, 1, 5, 20, 40, 80, 100]) {
    const softplus = (value: number) => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
    for (
      const [positive, expected, slope] of [
        [1, softplus(-x), -1 / (1 + Math.exp(x))],
        [0, softplus(x), 1 / (1 + Math.exp(-x))],
      ] as const
    ) {
      const [loss, gradient] = await single(gpu, x, positive, 1 - positive);
      // Below 2⁻¹²⁶ float32 may be flushed to zero.
      const close = (actual: number, wanted: number) =>
        Math.abs(actual - wanted) <= 2e-6 * Math.abs(wanted) + 2 ** -126;
      assert(close(loss, expected), `loss of ${x} for ${positive}: ${loss} and not ${expected}`);
      assert(close(gradient, slope), `gradient of ${x} for ${positive}: ${gradient} and not ${slope}`);
    }
  }
  gpu.close();
});

Deno.test("logistic_loss: the loss is bounded by 100, where it has no gradient, as in PyTorch", async () => {
  const gpu = await Gpu.open();
  for (const x of [101, 1e30, Infinity]) {
    for (const result of [await single(gpu, x, 0, 0.5), await single(gpu, -x, 0.5, 0)]) {
      assertEquals(result.map(Math.abs), [50, 0]);
    }
  }
  gpu.close();
});

Deno.test("logistic_loss: a missing label has no loss, and NaN logits give NaN", async () => {
  const gpu = await Gpu.open();
  for (const x of [-3, 0, 200, Infinity]) {
    const [loss, gradient] = await single(gpu, x, 0, 0);
    assertEquals([loss, Math.abs(gradient)], [0, 0]);
  }
  assertEquals((await single(gpu, NaN, 1, 0))[0], NaN);
  assertEquals((await single(gpu, NaN, 0, 1))[0], NaN);
  gpu.close();
});
