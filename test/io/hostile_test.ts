/**
 * Hostile files are refused or read rightly, in little time, and run nothing. `hostile_report.ts` measures their
 * memory.
 */

import { assert, assertEquals } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { memorySource } from "../../src/io/byte_source.ts";
import { decodeWeights, decodeWeightsHeader, type Weights } from "../../src/io/weights.ts";
import { classifierOf } from "../../src/trained/classifier_weights.ts";
import { codecOf } from "../../src/trained/codec_weights.ts";
import { hostileFiles } from "./hostile_files.ts";
import { marker } from "./hostile_kind.ts";

/** What `read` returns; undefined if it refuses in one short line. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    assert(error instanceof DataError, `${(error as Error).stack}`);
    assert(!error.message.includes("\n") && error.message.length < 500, error.message);
    return undefined;
  }
}

function isRight({ tensors }: Weights): boolean {
  const weight = tensors.get("weight");
  return tensors.size === 1 && `${weight?.shape}` === "2,3" && `${weight?.data}` === "0,1,2,3,4,5";
}

const files = hostileFiles();

Deno.test("there are more than a hundred hostile files, each with a name of its own", () => {
  assert(files.length > 100, `${files.length}`);
  assertEquals(new Set(files.map(({ name }) => name)).size, files.length);
});

for (const { name, make, must } of files) {
  Deno.test(`a hostile file ends: ${name}`, () => {
    const content = make();
    // The pickles are the same as in the archives; the small ones suffice for the legacy format.
    if (name.endsWith("legacy") && content.length > 1e6) return;
    const source = memorySource(content);
    const start = performance.now();
    const weights = attempt(() => decodeWeights(source));
    const header = attempt(() => decodeWeightsHeader(source));
    if (weights) {
      assert(header);
      // None is a model; the search for one ends, too.
      assertEquals(attempt(() => codecOf(weights, "file")), undefined);
      assertEquals(attempt(() => classifierOf(weights, "file")), undefined);
    }
    const seconds = (performance.now() - start) / 1000;
    // Far more than any takes, because tests share their cores.
    assert(seconds < 10, `${seconds} s`);
    if (must === "read") assert(weights && isRight(weights));
    if (must === "refuse") assertEquals(weights, undefined);
  });
}

Deno.test("no hostile file ran its command", () => {
  let exists = true;
  try {
    Deno.statSync(marker);
  } catch {
    exists = false;
  }
  assert(!exists);
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
});
