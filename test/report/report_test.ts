/** Sheets, histograms and reports. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { decode } from "fast-png";
import type { Picture } from "../../src/report/grid.ts";
import { binned, renderHistograms } from "../../src/report/histogram.ts";
import { renderReport } from "../../src/report/html.ts";
import { dataUrl, renderSheet } from "../../src/report/sheet.ts";

/** A square picture of one colour. */
function plain(side: number, ...color: number[]): Picture {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, index) => color[index % 3]!);
  return { width: side, height: side, channels: 3, data };
}

/** The number of pixels of a colour. */
function count(png: Uint8Array, ...color: number[]): number {
  const { data, channels } = decode(png);
  let found = 0;
  for (let at = 0; at < data.length; at += channels) {
    if (color.every((value, channel) => data[at + channel] === value)) found++;
  }
  return found;
}

Deno.test("renderSheet enlarges small pictures, shrinks large ones, and leaves empty cells empty", async () => {
  const rows = [
    { name: "small", pictures: [plain(100, 255, 0, 0), plain(64, 0, 255, 0)] },
    { name: "large", pictures: [plain(1024, 0, 0, 255), null] },
  ];
  const png = await renderSheet({ title: "Three", columns: ["first", "second"], rows });
  assertEquals([count(png, 255, 0, 0), count(png, 0, 255, 0)], [500 ** 2, 512 ** 2]);
  assert(Math.abs(count(png, 0, 0, 255) - 512 ** 2) <= 4 * 512, "512 by 512, give or take an edge");
  assertEquals(await renderSheet({ title: "Three", columns: ["first", "second"], rows }), png);
  await assertRejects(() => renderSheet({ title: "", columns: ["one"], rows }), RangeError, `row "small"`);
});

Deno.test("renderSheet draws a legend if a factor is given", async () => {
  const sheet = { title: "t", columns: ["c"], rows: [{ name: "r", pictures: [plain(16, 1, 2, 3)] }] };
  const [without, with_] = [await renderSheet(sheet), await renderSheet({ ...sheet, factor: 4 })];
  assert(decode(with_).height > decode(without).height);
  const bright = (png: Uint8Array) => count(png, 188, 55, 84);
  assertEquals(bright(without), 0);
  assert(bright(with_) > 0);
});

Deno.test("binned: bins have round widths and count every value once", () => {
  const values = Array.from({ length: 1000 }, (_, index) => 20 + 0.013 * index);
  const bins = binned(values);
  assertEquals(bins.reduce((sum, bin) => sum + bin.count, 0), 1000);
  assertEquals([bins[0]!.low, bins[0]!.high], [20, 21]);
  for (const { low, high, count } of bins) {
    assertEquals(count, values.filter((value) => value >= low && value < high).length);
  }
  assertEquals(binned([0.5, 0.5]).map((bin) => bin.count), [2]);
  assertEquals(binned([0]).map((bin) => bin.count), [1]);
  assertEquals(binned([-3, -1.5]).reduce((sum, bin) => sum + bin.count, 0), 2);
});

Deno.test("renderHistograms draws several histograms, and refuses one without values", async () => {
  const panel = (values: number[]) => ({ title: "PSNR", xLabel: "dB", values });
  const png = await renderHistograms([panel([20, 21, 21.5]), panel([3])]);
  assert(count(png, 0x2b, 0x6c, 0xb0) > 1000 && count(png, 0xdd, 0x6b, 0x20) > 1000);
  await assertRejects(() => renderHistograms([panel([])]), RangeError, "no values");
});

Deno.test("renderReport embeds pictures, loads nothing, and escapes markup", () => {
  const source = dataUrl(plain(2, 9, 9, 9));
  const html = renderReport({
    title: "<b> & co",
    paragraphs: [`"quoted"`],
    sections: [{
      heading: "a<script>alert(1)</script>",
      tables: [{ header: ["data"], rows: [["<i>.hdf5"], [null]] }],
      figures: [[{ caption: `x" onload="y`, source }]],
      factor: 2,
    }],
  });
  assert(!/<script|<i>|<b>|" onload="/.test(html));
  assert(html.includes("default-src 'none'"));
  const addresses = [...html.matchAll(/(?:src|href|url)\s*[=(]\s*"?([^")>]*)/g)].map(([, address]) =>
    address
  );
  assertEquals(addresses, [source]);
  assert(html.includes("<td>–</td>"));
});
