/**
 * Prints every training plan of a checkout, dispatch by dispatch, so that two checkouts can be compared:
 *
 *   deno run --allow-read --config CHECKOUT/deno.json scripts/list_plans.ts CHECKOUT
 *
 * Plans are made for three kinds of adapter, and need none. A kernel stands as the hash of its code without comments
 * and white space, so that rewriting a comment is no difference and changing an operator is one.
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { planSizes, planTargets } from "./plan_targets.ts";

const [checkout = "."] = Deno.args;
// The checkout is an argument, so its modules and their types are not known before it is.
// deno-lint-ignore no-explicit-any
const load = (path: string): Promise<any> => import(pathToFileURL(resolve(checkout, path)).href);
const { models } = await load("bench/models.ts");
const { plan } = await load("src/plan/plan.ts");

const hashes = new Map<string, string>();

async function hashOf(text: string): Promise<string> {
  const known = hashes.get(text);
  if (known) return known;
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const hash = bytes.toHex().slice(0, 16);
  hashes.set(text, hash);
  return hash;
}

function codeAlone(code: string): string {
  return code.replace(/\/\/.*$/gm, "").replace(/\s+/g, " ").trim();
}

for (const [targetName, target] of Object.entries(planTargets)) {
  for (const [model, sides] of Object.entries(planSizes)) {
    for (const side of sides) {
      for (const precision of ["f32", "f16"]) {
        const { step } = models[model](side, 4, precision);
        const planned = plan(step.program, target);
        console.log(`# ${model} ${side} ${precision}, ${targetName}: ${planned.peakBytes} bytes`);
        for (const { label, bytes } of planned.buffers) console.log(`buffer ${bytes} ${label}`);
        for (const { operation, label, variant, bindings, params, grid } of planned.dispatches) {
          const places = bindings.map((
            { name, location }: { name: string; location: { buffer: number; offset: number; bytes: number } },
          ) => `${name}=${location.buffer}+${location.offset}:${location.bytes}`);
          const code = await hashOf(codeAlone(variant.code));
          console.log(
            [operation, label, variant.label, code, await hashOf(`${params}`), `${grid}`, ...places].join(
              " | ",
            ),
          );
        }
      }
    }
  }
}
