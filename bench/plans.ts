/** Describes the plan of a training step: memory, traffic and arithmetic by operation. Nothing runs. */

import type { Target } from "../src/graph/lowering.ts";
import { type Plan, plan } from "../src/plan/plan.ts";
import { textTable } from "../src/report/table.ts";
import { copiedDensenet, models, type ModelStep, type StepChoice } from "./models.ts";

interface Share {
  dispatches: number;
  flops: number;
  bytes: number;
}

function byOperation({ dispatches }: Plan): Map<string, Share> {
  const shares = new Map<string, Share>();
  for (const { operation, flops, bytes } of dispatches) {
    const share = shares.get(operation) ?? { dispatches: 0, flops: 0, bytes: 0 };
    share.dispatches++;
    share.flops += flops;
    share.bytes += bytes;
    shares.set(operation, share);
  }
  return shares;
}

const giga = (value: number) => (value / 1e9).toFixed(2);
const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

/** Every operation of the plan, largest traffic first, and the total. */
function planTable(planned: Plan): string {
  const shares = [...byOperation(planned)].sort(([, first], [, second]) => second.bytes - first.bytes);
  const whole = shares.reduce(
    (sum, [, { dispatches, flops, bytes }]) => ({
      dispatches: sum.dispatches + dispatches,
      flops: sum.flops + flops,
      bytes: sum.bytes + bytes,
    }),
    { dispatches: 0, flops: 0, bytes: 0 },
  );
  const rows = [...shares, ["together", whole] as const].map(([name, { dispatches, flops, bytes }]) => [
    name,
    String(dispatches),
    giga(flops),
    giga(bytes),
  ]);
  return textTable(["operation", "dispatches", "GFLOP", "GB moved"], rows);
}

/** A step's plan by operation, and its memory compared with that of other plans. */
export function describePlan({ model, size, batch, precision }: StepChoice, target: Target): string {
  // Plans that are only compared may be larger than the adapter's memory.
  const roomy = { ...target, maxBindingBytes: Infinity };
  const planOf = ({ step }: ModelStep) => plan(step.program, roomy);
  const own = planOf(models[model](size, batch, precision));
  const wide = precision === "f32" ? undefined : planOf(models[model](size, batch));
  const copied = model === "densenet" ? planOf(copiedDensenet(size, batch)) : undefined;
  return `${planTable(own)}\n\n${memoryTable(own, wide, copied)}`;
}

/** Peak memory and traffic: as planned, with no buffer shared, in float32, and with every value copied and stored. */
function memoryTable(own: Plan, wide: Plan | undefined, copied: Plan | undefined): string {
  const moved = ({ dispatches }: Plan) => dispatches.reduce((sum, { bytes }) => sum + bytes, 0);
  const row = (what: string, bytes: number, from: Plan) => [
    what,
    mebibytes(bytes),
    (own.peakBytes / bytes).toFixed(2),
    giga(moved(from)),
  ];
  const rows = [row("as planned", own.peakBytes, own), row("no buffer shared", own.unsharedBytes, own)];
  if (wide) rows.push(row("in float32", wide.peakBytes, wide));
  if (copied) {
    rows.push(
      row("features copied, normalised values stored", copied.peakBytes, copied),
      row("the same, no buffer shared", copied.unsharedBytes, copied),
    );
  }
  return textTable(["plan", "peak MiB", "as planned / this", "GB moved"], rows);
}
