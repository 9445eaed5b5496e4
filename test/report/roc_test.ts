/** ROC pictures. */

import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { decode } from "fast-png";
import { PALETTE } from "../../src/report/curves.ts";
import { renderRoc, type RocLine, rocSpec } from "../../src/report/roc.ts";

const line = (name: string, auroc: number): RocLine => ({
  name,
  auroc,
  curve: { falsePositiveRate: [0, 1 - auroc, 1], truePositiveRate: [0, auroc, 1] },
});
const missing: RocLine = { name: "Fracture", auroc: null, curve: null };

/** The number of pixels of a colour, such as "#2b6cb0". */
function countColor(png: Uint8Array, color: string): number {
  const { data, channels } = decode(png);
  const wanted = [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
  let count = 0;
  for (let at = 0; at < data.length; at += channels) {
    if (wanted.every((value, channel) => data[at + channel] === value)) count++;
  }
  return count;
}

/** The panels of a specification, as plain JSON. */
// deno-lint-ignore no-explicit-any -- a specification is inspected as plain JSON
const parts = (panels: any[]) => JSON.parse(JSON.stringify(rocSpec({ title: "t", panels }))).concat;

Deno.test("a single panel has areas in its legend", async () => {
  const panels = [{ title: "original", lines: [line("Edema", 0.8374), line("Pneumonia", 0.6), missing] }];
  const [{ layer: [chance, curves] }] = parts(panels);
  assertEquals(chance.data.values, [{ x: 0, y: 0 }, { x: 1, y: 1 }]);
  assertEquals(curves.encoding.color.scale.domain, [
    "0.837  Edema",
    "0.600  Pneumonia",
    "Fracture: one label only",
  ]);
  assertEquals(curves.data.values.length, 6);
  const png = await renderRoc({ title: "ROC", panels });
  for (const color of PALETTE.slice(0, 2)) assertGreater(countColor(png, color), 2000);
  // A class without a curve only has a stroke in the legend.
  const strokes = countColor(png, PALETTE[2]!);
  assert(strokes > 50 && strokes < 500, `${strokes} pixels`);
  assertEquals(await renderRoc({ title: "ROC", panels }), png);
});

Deno.test("fourteen classes differ in colour or stroke", () => {
  const lines = Array.from({ length: 14 }, (_, index) => line(`class ${index + 1}`, 0.5 + index / 30));
  const { color, strokeDash } = parts([{ title: "all", lines }])[0].layer[1].encoding;
  const looks = lines.map((_, index) =>
    JSON.stringify([color.scale.range[index], strokeDash.scale.range[index]])
  );
  assertEquals(new Set(looks).size, 14);
});

Deno.test("several panels share a legend and have areas in their corners", async () => {
  const panels = ["Edema", "Fracture"].map((title, index) => ({
    title,
    lines: index === 0 ? [line("original", 0.75), line("latent", 0.625)] : [missing, missing],
  }));
  const [edema, fracture] = parts(panels);
  assertEquals(edema.layer[1].encoding.color.scale.domain, ["original", "latent", "Fracture"]);
  // deno-lint-ignore no-explicit-any
  const texts = (panel: any) => panel.layer.slice(2).map((each: any) => each.data.values[0].text);
  assertEquals([texts(edema), texts(fracture)], [["0.750", "0.625"], ["one label only", "one label only"]]);
  const { width, height } = decode(await renderRoc({ title: "ROC", panels }));
  assert(width > 1000 && width < 1400 && height > 500 && height < 900, `${width}×${height}`);
});

Deno.test("a curve of many points is thinned out, but keeps its ends", () => {
  const count = 20001;
  const rates = Array.from({ length: count }, (_, index) => index / (count - 1));
  const curve = { falsePositiveRate: rates.map((rate) => rate ** 2), truePositiveRate: rates };
  const { values } = parts([{ title: "many", lines: [{ name: "a", auroc: 0.67, curve }] }])[0].layer[1].data;
  assert(values.length > 400 && values.length <= 1001, `${values.length} points`);
  assertEquals([values[0].x, values[0].y, values.at(-1).x, values.at(-1).y], [0, 0, 1, 1]);
});

Deno.test("rocSpec refuses no panels", () => {
  assertThrows(() => rocSpec({ title: "t", panels: [] }), RangeError, "at least one panel");
});
