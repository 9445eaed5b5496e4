/** The order of tiles on a GPU for shapes that have not been measured. */

import { assert, assertEquals } from "@std/assert";
import { tilesFor } from "../../../src/ops/convolution/product_tiles.ts";
import {
  type CostedTile,
  type Extents,
  likeliestFirst,
  type Tile,
} from "../../../src/ops/convolution/tile_cost.ts";
import { weightGradientTilesFor } from "../../../src/ops/convolution/weight_gradient_tiles.ts";
import { cardTarget, softwareTarget } from "../../plan/targets.ts";

const first = (extents: Extents) => tilesFor(cardTarget, extents)[0]!.name;

Deno.test("on a GPU large products get large tiles, and products with few rows get small ones", () => {
  const large = { rows: 131_072, columns: 32, inner: 32, count: 1 };
  assertEquals(first(large), "workgroup 128×64");
  assertEquals(first({ ...large, rows: 6_272 }), "workgroup 32×32");
  // A batch of small products is like one large product.
  assertEquals(first({ ...large, rows: 6_272, count: 36 }), "workgroup 128×64");
});

Deno.test("on a GPU a tile is no wider than the result", () => {
  const product = { rows: 131_072, columns: 8, inner: 32, count: 1 };
  assertEquals(first(product), "workgroup 64×32");
  assertEquals(first({ ...product, columns: 1, count: 4 }), "direct 8×4");
  // Staged tiles take four quads of a sum at a time, so a sum over one quad is mostly padding.
  assertEquals(first({ ...product, columns: 16, inner: 1 }), "direct 8×16");
  const gradient = weightGradientTilesFor(cardTarget, { rows: 288, columns: 8, inner: 1, count: 784 });
  assertEquals(gradient[0]!.name, "workgroup 64×32");
});

Deno.test("on a GPU long sums of few results can be split, but only after a measurement", () => {
  const names = (extents: Extents) => tilesFor(cardTarget, extents).map(({ name }) => name);
  const isSplit = (name: string) => name.startsWith("split");
  const few = { rows: 1568, columns: 32, inner: 256, count: 1 };
  assertEquals(names(few).map(isSplit).indexOf(true), 1);
  assertEquals(tilesFor(cardTarget, few)[1]!.parts, 8);
  assert(!names({ ...few, rows: 131_072 }).some(isSplit));
  assert(!names({ ...few, inner: 31 }).some(isSplit));
  assert(!tilesFor(softwareTarget, few).some(({ name }) => isSplit(name)));
});

Deno.test("the order depends on the estimate alone, not on the order of the list", () => {
  const extents = { rows: 40, columns: 8, inner: 32, count: 36 };
  const isWhole = ({ parts }: Tile) => parts === undefined;
  const tiles = tilesFor(cardTarget, extents).filter(isWhole) as CostedTile[];
  for (const order of [tiles, tiles.toReversed()]) {
    assertEquals(likeliestFirst(order, cardTarget, extents)[0]!.name, "workgroup 32×32");
  }
});

Deno.test("every list ends with the simplest tile, on every adapter", () => {
  for (const target of [cardTarget, softwareTarget]) {
    for (const columns of [1, 2, 3, 8, 33]) {
      const extents = { rows: 500, columns, inner: 3, count: 2 };
      assertEquals(tilesFor(target, extents).at(-1)!.name, "direct 1×4");
      assertEquals(weightGradientTilesFor(target, extents).at(-1)!.name, "direct 4×4");
    }
  }
});

Deno.test("all tiles of a list have different names, because choices are stored by name", () => {
  for (const columns of [1, 2, 3, 8, 33]) {
    const names = tilesFor(cardTarget, { rows: 500, columns, inner: 3, count: 2 }).map(({ name }) => name);
    assertEquals(new Set(names).size, names.length);
    assert(names.length >= 8);
  }
});
