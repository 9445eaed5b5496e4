/** Text tables. */

import { assertEquals, assertThrows } from "@std/assert";
import { textTable } from "../../src/report/table.ts";

Deno.test("textTable aligns numbers right and text left", () => {
  const table = textTable(["class", "AUROC", "share", "note"], [
    ["Edema", 0.8373, "5 %", "a"],
    ["Fracture", 0.9, "12.5 %", undefined],
    ["Überhöhung", null, "–", "bc"],
  ]);
  assertEquals(
    table,
    [
      "class        AUROC   share  note",
      "──────────  ──────  ──────  ────",
      "Edema       0.8373     5 %  a",
      "Fracture       0.9  12.5 %  –",
      "Überhöhung       –       –  bc",
    ].join("\n"),
  );
});

Deno.test("textTable without rows is a header", () => {
  assertEquals(textTable(["a", "bcd"], []), "a  bcd\n─  ───");
});

Deno.test("textTable refuses a row with a different number of cells", () => {
  assertThrows(() => textTable(["a", "b"], [[1]]), RangeError, "1 cells");
});
