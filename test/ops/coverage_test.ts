/** Fails if an operation has no test. */

import { assert, assertEquals } from "@std/assert";
import { operations } from "../../src/ops/table.ts";
import { hasGraph } from "../case_graph.ts";
import { casesOf } from "../operation_cases.ts";

/** Operations that no single graph can test, and the tests that they have instead. */
const ownTests: Record<string, string> = {
  adam: "adam_test.ts",
  variable: "updates_test.ts",
  workspace: "parts_test.ts",
  count_non_finite: "loss_scale_test.ts",
  loss_scale: "loss_scale_test.ts",
  half_copies: "half_copies_test.ts",
  half_copy: "half_copies_test.ts",
};

Deno.test("every operation has cases that run on the GPU, or a test of its own", async () => {
  for (const name of Object.keys(operations)) {
    if (casesOf(name).some(hasGraph)) continue;
    const file = ownTests[name];
    assert(file, `${name} has no case in test/cases and no test of its own`);
    const text = await Deno.readTextFile(new URL(file, import.meta.url));
    const isTested = ["Deno.test", "testOfHalves"].some((test) => text.includes(`${test}("${name}: `));
    assert(isTested, `${file} has no test of ${name}`);
  }
});

Deno.test("the table lists operations under their own names", () => {
  assertEquals(
    Object.entries(operations).map(([, { name }]) => name),
    Object.keys(operations),
  );
});

Deno.test("the table lists every operation record in src/ops", async () => {
  const folder = new URL("../../src/ops/", import.meta.url);
  const named: string[] = [];
  for (const file of await filesBelow(folder)) {
    const text = await Deno.readTextFile(file);
    named.push(
      ...[...text.matchAll(/^(?:export )?const (\w+Operation)\b/gm)].map(([, constant]) => constant!),
    );
  }
  const table = await Deno.readTextFile(new URL("table.ts", folder));
  assert(named.length >= Object.keys(operations).length);
  for (const constant of named) assert(table.includes(`: ${constant},`), `${constant} is not in table.ts`);
});

async function filesBelow(folder: URL): Promise<URL[]> {
  const files: URL[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) files.push(...await filesBelow(new URL(`${name}/`, folder)));
    else files.push(new URL(name, folder));
  }
  return files;
}
