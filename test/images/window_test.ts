import { assertAlmostEquals, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { decodeImage } from "../../src/images/decode.ts";
import { readWindow, type WindowChoice } from "../../src/images/window.ts";
import { refused } from "./files.ts";

const folder = new URL("../data_files/field_images/", import.meta.url);

Deno.test("readWindow reads CENTER/WIDTH, names and auto, and refuses the rest", () => {
  assertEquals(readWindow("40/400"), { center: 40, width: 400 });
  assertEquals(readWindow(" -600.5 / 1.5e3 "), { center: -600.5, width: 1500 });
  assertEquals(["auto", "lung", "Bone", "soft tissue", "soft-tissue", "brain"].map(readWindow), [
    "auto",
    "lung",
    "bone",
    "soft_tissue",
    "soft_tissue",
    "brain",
  ]);
  for (const text of ["", "40", "40/0", "40/-1", "40/400/1", "liver", "40,400"]) {
    assertThrows(() => readWindow(text), UsageError, "--window");
  }
});

/** A row of a CT image whose values are −100 + 10 · column inside a circle, and −2000 outside. */
async function shownRow(window: WindowChoice): Promise<number[]> {
  const bytes = await Deno.readFile(new URL("padding_no_tag.dcm", folder));
  const [image] = await decodeImage(bytes, { window });
  return Array.from(image!.pixels.slice(10 * 23, 11 * 23), (level) => level / 65535);
}

Deno.test("named windows of CT have the usual centres and widths", async () => {
  for (
    const [window, center, width] of [
      ["lung", -600, 1500],
      ["bone", 400, 1800],
      ["soft_tissue", 40, 400],
      ["brain", 40, 80],
    ] as const
  ) {
    const row = await shownRow(window);
    for (const column of [5, 11, 17]) {
      const shade = (-100 + 10 * column - (center - 0.5)) / (width - 1) + 0.5;
      assertAlmostEquals(row[column]!, Math.min(1, Math.max(0, shade)), 1e-4);
    }
    assertEquals(row[0], 0);
    assertEquals(await shownRow({ center, width }), row);
  }
});

Deno.test("the automatic window is the range of the middle 99 % without padding", async () => {
  const row = await shownRow("auto");
  assertEquals(row[0], 0);
  assertAlmostEquals(row[11]!, 0.5, 0.02);
  assertEquals(row[19], 1);
});

Deno.test("a named window is refused for other modalities", async () => {
  const bytes = await Deno.readFile(new URL("padding_range.dcm", folder));
  assertMatch(await refused(bytes, { window: "lung" }), /modality is "MR"; the window lung is for CT/);
});

Deno.test("decodeImage warns of what a file does against the standard", async () => {
  const warnings: Record<string, RegExp> = {
    "odd_slope_0.dcm": /slope is 0/,
    "odd_frames_0.dcm": /number of frames is 0/,
    "odd_commas.dcm": /decimal comma/,
    "odd_width_under_1.dcm": /width 0.5, expected at least 1/,
    "no_header_implicit.dcm": /no transfer syntax/,
    "wrong_syntax.dcm": /not encoded as its transfer syntax/,
    "j2k_12_for_16.dcm": /12 bits, while the data set states 16/,
    "j2k_signed_for_unsigned.dcm": /is signed/,
  };
  for (const [file, expected] of Object.entries(warnings)) {
    const found: string[] = [];
    await decodeImage(await Deno.readFile(new URL(file, folder)), { warn: (text) => found.push(text) });
    assertMatch(found.join("\n"), expected);
  }
});
