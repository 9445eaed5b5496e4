/** Arenas: tensors in one buffer. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { floatType, storedBytes } from "../../src/graph/layout.ts";
import { variable } from "../../src/ops/variable.ts";
import { Arena } from "../../src/plan/arena.ts";

const members = [
  variable(floatType([3]), "bias"),
  variable(floatType([5, 3, 3, 3], "taps_first"), "weight"),
  variable(floatType([64]), "full"),
  variable(floatType([1]), "last"),
];

Deno.test("members lie one after another, each at a multiple of 256 bytes", () => {
  const arena = new Arena("parameters", members, variable);
  const offsets = members.map((member) => arena.offsetOf(member));
  assertEquals(offsets, [0, 256, 1536, 1792]);
  members.forEach((member, index) => {
    assert(
      offsets[index]! + storedBytes(member.type) <= (offsets[index + 1] ?? storedBytes(arena.tensor.type)),
    );
  });
  assertEquals(arena.tensor.type, floatType([2048 / 4]));
  assertEquals(arena.tensor.label, "parameters");
  assertEquals(arena.members, members);
});

Deno.test("an arena of float16 is laid out like one of float32 at twice its alignment", () => {
  const halves = members.map(({ type, label }) => variable({ ...type, dtype: "f16" }, label));
  const [wide, half] = [new Arena("wide", members, variable, 512), new Arena("half", halves, variable)];
  assertEquals(
    halves.map((member) => 2 * half.offsetOf(member)),
    members.map((member) => wide.offsetOf(member)),
  );
  assertEquals(half.tensor.type, { ...wide.tensor.type, dtype: "f16" });
});

Deno.test("a tensor can be in an arena only once", () => {
  assertThrows(
    () => new Arena("parameters", [members[0]!, members[1]!, members[0]!], variable),
    RangeError,
    "Cannot put bias into parameters twice",
  );
});
