/** Line charts. */

import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { decode } from "fast-png";
import { type CurvesOptions, logTicks, renderCurves, renderSpec } from "../../src/report/curves.ts";

const options: CurvesOptions = {
  title: "Training",
  panels: [
    {
      title: "Loss",
      yLabel: "loss",
      logScale: true,
      series: [
        { name: "train", points: [[1, 1], [2, 0.1], [3, 0.02]] },
        { name: "valid", points: [[1, 1.2], [2, 0.2], [3, 0.05]] },
      ],
    },
    {
      title: "Perplexity",
      yLabel: "codes",
      series: [{ name: "train", points: [[1, 100], [2, 200], [3, 400]] }],
    },
  ],
};

interface Rectangle {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The number of pixels of a colour, such as "#2b6cb0", in a part of a picture; default: all of it. */
function countColor(png: Uint8Array, color: string, part?: Rectangle): number {
  const { data, width, height, channels } = decode(png);
  const { left, top, right, bottom } = part ?? { left: 0, top: 0, right: width, bottom: height };
  const wanted = [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
  let count = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (wanted.every((value, channel) => data[(y * width + x) * channels + channel] === value)) count++;
    }
  }
  return count;
}

const BLUE = "#2b6cb0";
const ORANGE = "#dd6b20";
const TEXT = "#2d3748";

Deno.test("renderCurves draws every series, texts and a legend, with the same bytes each time", async () => {
  const png = await renderCurves(options);
  const { width, height } = decode(png);
  assert(width > 1700 && width < 2100 && height > 700 && height < 900, `${width}×${height}`);
  const rightHalf = { left: width / 2, top: 0, right: width, bottom: height };
  assertGreater(countColor(png, BLUE), 3000);
  assertGreater(countColor(png, BLUE, rightHalf), 1000);
  assertGreater(countColor(png, ORANGE), 1000);
  assertEquals(countColor(png, ORANGE, rightHalf), 0);
  assertGreater(countColor(png, TEXT, { left: 0, top: 0, right: width / 2, bottom: 90 }), 500);
  const again = await renderCurves(options);
  assertEquals(again, png);
});

Deno.test("renderCurves leaves out points that cannot be drawn", async () => {
  const [loss] = options.panels;
  const clean = [[1, 1], [2, 0.1]] as const;
  const dirty = [[1, 1], [1.5, NaN], [1.6, Infinity], [1.7, 0], [1.8, -1], [2, 0.1]] as const;
  const [expected, actual] = await Promise.all(
    [clean, dirty].map((points) =>
      renderCurves({ title: "Loss", panels: [{ ...loss!, series: [{ name: "train", points }] }] })
    ),
  );
  assertEquals(actual, expected);
});

Deno.test("renderCurves draws a single point, and a panel without points", async () => {
  const draw = (points: [number, number][]) =>
    renderCurves({ title: "t", panels: [{ title: "p", yLabel: "y", series: [{ name: "train", points }] }] });
  const [one, none] = [await draw([[1, 0.5]]), await draw([])];
  // A dot, in addition to the stroke in the legend.
  assertGreater(countColor(one, BLUE), countColor(none, BLUE) + 50);
});

Deno.test("renderCurves refuses no panels", async () => {
  await assertRejects(() => renderCurves({ title: "t", panels: [] }), RangeError, "at least one panel");
});

Deno.test("renderSpec draws any Vega-Lite specification", async () => {
  const png = await renderSpec({
    data: { values: [{ a: 1, b: 2 }] },
    mark: { type: "point", filled: true, size: 400, opacity: 1, color: "#ff0000" },
    encoding: { x: { field: "a", type: "quantitative" }, y: { field: "b", type: "quantitative" } },
  });
  const red = countColor(png, "#ff0000");
  assert(red > 1000 && red < 1700, `${red} red pixels`);
});

Deno.test("logTicks are few and round", () => {
  assertEquals(logTicks(0.008, 1.2), [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]);
  assertEquals(logTicks(1e-7, 1), [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1]);
  assertEquals(logTicks(0.55, 1.1), [0.6, 0.7, 0.8, 0.9, 1, 1.1]);
  for (let low = 1e-6; low < 1e6; low *= 2.7) {
    for (const ratio of [1.21, 1.5, 3, 6, 20, 1000, 1e5]) {
      const ticks = logTicks(low, low * ratio);
      assertGreater(ticks.length, 1, `${low} × ${ratio}`);
      assertLess(ticks.length, 14, `${low} × ${ratio}`);
    }
  }
});
