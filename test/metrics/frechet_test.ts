/** Fréchet distances, compared with SciPy's matrix square roots, and the eigenvalues that they need. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { symmetricEigenvalues } from "../../src/metrics/eigenvalues.ts";
import { FeatureStatistics, frechetDistance } from "../../src/metrics/frechet.ts";
import { keyOf, normalArray, uniformArray } from "../../src/random.ts";
import { goldenPath } from "../golden/read.ts";

interface DistanceGolden {
  name: string;
  size: number;
  first: number;
  second: number;
  distance: number;
}

const { cases }: { cases: DistanceGolden[] } = JSON.parse(
  await Deno.readTextFile(goldenPath("frechet.json")),
);

/** The same features that test/golden/inception.py makes. */
function statistics({ name, size }: DistanceGolden, count: number, which: 0 | 1): FeatureStatistics {
  const values = uniformArray(keyOf(`${name}.${which}`), count * size, -1, 1);
  const result = new FeatureStatistics(size);
  for (let row = 0; row < count; row++) {
    const own = Float64Array.from(values.subarray(row * size, (row + 1) * size));
    if (name === "flat") [own[1], own[2]] = [2 * own[0]!, 0.5];
    result.add(own.map((value, index) => value * (0.5 + 1.5 * index / (size - 1)) + which / 4));
  }
  return result;
}

for (const golden of cases) {
  Deno.test(`a Fréchet distance equals SciPy's: ${golden.name}`, () => {
    const [first, second] = [statistics(golden, golden.first, 0), statistics(golden, golden.second, 1)];
    // SciPy's square roots of singular matrices are accurate to about 1e-8.
    const distance = frechetDistance(first, second);
    assert(Math.abs(distance - golden.distance) < 1e-6, `${distance} is not ${golden.distance}`);
    assert(Math.abs(frechetDistance(second, first) - distance) < 1e-6);
    assert(Math.abs(frechetDistance(first, first)) < 1e-6);
  });
}

Deno.test("a Fréchet distance needs two feature vectors of each set", () => {
  const [one, two] = [new FeatureStatistics(3), new FeatureStatistics(3)];
  one.add([1, 2, 3]);
  for (const value of [1, 2]) two.add([value, value, value]);
  assertThrows(() => frechetDistance(one, two), RangeError, "at least two feature vectors");
});

Deno.test("symmetricEigenvalues: matrices with known eigenvalues", () => {
  const sorted = (rows: number[][]) =>
    [...symmetricEigenvalues(Float64Array.from(rows.flat()), rows.length)].sort((a, b) => a - b);
  assertEquals(sorted([[3]]), [3]);
  assertEquals(sorted([[0, 0], [0, 0]]), [0, 0]);
  const near = (actual: number[], expected: number[]) =>
    assert(actual.every((value, index) => Math.abs(value - expected[index]!) < 1e-12), `${actual}`);
  near(sorted([[2, 1], [1, 2]]), [1, 3]);
  near(sorted([[5, 0, 0], [0, -1, 0], [0, 0, 2]]), [-1, 2, 5]);
  // The eigenvalues of the second-difference matrix are 2 − 2 cos(π k / (n + 1)).
  const size = 9;
  const rows = Array.from(
    { length: size },
    (_, y) => Array.from({ length: size }, (_, x) => x === y ? 2 : Math.abs(x - y) === 1 ? -1 : 0),
  );
  near(
    sorted(rows),
    Array.from({ length: size }, (_, k) => 2 - 2 * Math.cos(Math.PI * (k + 1) / (size + 1))),
  );
});

Deno.test("symmetricEigenvalues: large matrices keep their trace and Frobenius norm; NaN is refused", () => {
  const size = 200;
  const random = normalArray(keyOf("symmetric"), size ** 2);
  const matrix = new Float64Array(size ** 2);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) matrix[y * size + x] = random[Math.max(x, y) * size + Math.min(x, y)]!;
  }
  const squares = matrix.reduce((sum, value) => sum + value ** 2, 0);
  const trace = matrix.reduce((sum, value, index) => index % (size + 1) === 0 ? sum + value : sum, 0);
  const values = symmetricEigenvalues(matrix, size);
  assert(Math.abs(values.reduce((sum, value) => sum + value, 0) - trace) < 1e-9);
  assert(Math.abs(values.reduce((sum, value) => sum + value ** 2, 0) / squares - 1) < 1e-11);
  assertThrows(() => symmetricEigenvalues(Float64Array.of(NaN), 1), RangeError, "finite");
});
