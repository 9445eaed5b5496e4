/** Cases of vector quantisation: finding codes, and updating the codebook. */

import { floatType } from "../../src/graph/layout.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { codeStatistics, gatherCode, nearestCode, perplexity } from "../../src/ops/codebook.ts";
import { flat, images } from "../../src/ops/inputs.ts";
import { operations } from "../../src/ops/table.ts";
import { countCodes, emaUpdate, restartCodes } from "../../src/ops/updates.ts";
import { variable } from "../../src/ops/variable.ts";
import {
  type CaseDetails,
  type CaseFamily,
  type CaseGroup,
  type CaseInput,
  casesFor,
  type OperationCase,
  refusalsOf,
} from "../case_values.ts";
import { codes, tensor, x } from "./tensors.ts";

/** Pixels [batch, height, width] whose vectors are looked up in a codebook of `codes` columns of length `dim`. */
interface Lookup {
  name: string;
  pixels: [number, number, number];
  dim: number;
  codes: number;
  /** Small integers, whose distances are exact in float32: many ties. */
  integers?: boolean;
  repeated?: boolean;
}

const lookups: Lookup[] = [
  { name: "one code", pixels: [1, 2, 3], dim: 4, codes: 1 },
  { name: "dim 1, 9 codes", pixels: [2, 5, 7], dim: 1, codes: 9 },
  { name: "dim 2", pixels: [3, 3, 5], dim: 2, codes: 33 },
  { name: "dim 3, 31 codes", pixels: [1, 6, 8], dim: 3, codes: 31 },
  { name: "dim 8", pixels: [8, 2, 2], dim: 8, codes: 64 },
  { name: "dim 33, 100 codes", pixels: [2, 4, 6], dim: 33, codes: 100 },
  { name: "dim 64, 512 codes", pixels: [2, 4, 4], dim: 64, codes: 512 },
  { name: "dim 64, 500 codes, 48 pixels", pixels: [1, 6, 8], dim: 64, codes: 500 },
  { name: "ties, dim 1", pixels: [2, 5, 7], dim: 1, codes: 40, integers: true },
  { name: "ties, dim 2", pixels: [2, 4, 4], dim: 2, codes: 64, integers: true },
  { name: "ties, dim 5", pixels: [1, 6, 8], dim: 5, codes: 100, integers: true },
  { name: "each code twice, dim 8", pixels: [1, 5, 7], dim: 8, codes: 66, repeated: true },
  { name: "each code twice, dim 64", pixels: [2, 4, 4], dim: 64, codes: 512, repeated: true },
];

function lookupInputs({ pixels: [batch, height, width], dim, codes, integers, repeated }: Lookup) {
  const range = integers ? { low: -2, high: 3, kind: "integers" as const } : {};
  const x: CaseInput = { shape: [batch, dim, height, width], ...range };
  const embed: CaseInput = { shape: [dim, codes], ...range, ...(repeated ? { kind: "repeated" } : {}) };
  const indices: CaseInput = { shape: [batch, height, width], low: 0, high: codes, kind: "codes" };
  return { x, embed, indices };
}

const nearestGroup: CaseGroup = {
  build: ([x, embed]) => nearestCode(x!, embed!),
  gradients: "none",
  accuracy: "exact",
  golden: true,
};

const gatherGroup: CaseGroup = {
  build([codes, embed]) {
    const [images, height, width] = codes!.shape as [number, number, number];
    const type = floatType([images, embed!.shape[0]!, height, width], "channels_last");
    return gatherCode(codes!, embed!, variable(type, "x"));
  },
  gradients: "none",
  accuracy: "element",
  golden: true,
};

const statisticsGroup: CaseGroup = {
  accepts: [images("input", ["f32"]), flat("codes", "u32")],
  build([x, codes], attributes) {
    const embed = variable(floatType([x!.shape[1]!, attributes.codes], "codes_first"), "embed");
    return codeStatistics(codes!, x!, embed);
  },
  gradients: "none",
  golden: true,
  asGolden: countsAndSums,
};

/**
 * PyTorch's statistics are counts [codes] and sums [dim, codes]; ours are rows of sums, with the count in one more
 * quad.
 */
function countsAndSums([statistics]: readonly Tensor[], [rows]: readonly ArrayLike<number>[]) {
  const [codes, width] = statistics!.shape as [number, number];
  const dim = statistics!.inputs[1]!.shape[1]!;
  const counts = Float64Array.from({ length: codes }, (_, code) => rows![(code + 1) * width - 4]!);
  const sums = Float64Array.from(
    { length: dim * codes },
    (_, index) => rows![index % codes * width + Math.floor(index / codes)]!,
  );
  return [counts, sums];
}

const updateGroup: CaseGroup = {
  accepts: [images("input", ["f32"]), ...operations.ema_update.inputs.slice(1)],
  build([x, embed, embedAvg, clusterSize], { decay, epsilon }) {
    const statistics = codeStatistics(nearestCode(x!, embed!), x!, embed!);
    const codebook = { embed: embed!, embedAvg: embedAvg!, clusterSize: clusterSize! };
    return {
      outputs: [embed!, embedAvg!, clusterSize!],
      effects: [emaUpdate(statistics, codebook, decay, epsilon)],
    };
  },
  gradients: "none",
  golden: true,
};

const lookupCases: OperationCase[] = lookups.flatMap((lookup) => {
  const { x, embed, indices } = lookupInputs(lookup);
  const { name, dim, codes } = lookup;
  const nearest = casesFor("nearest_code", nearestGroup, [{ name, inputs: [x, embed] }]);
  if (lookup.integers || lookup.repeated) return nearest;
  const smoothed = { shape: [dim, codes] }, clusterSize = { shape: [codes], low: 0, high: 5 };
  return [
    ...nearest,
    ...casesFor("gather_code", gatherGroup, [{ name, inputs: [indices, embed] }]),
    ...casesFor("code_statistics", statisticsGroup, [{ name, inputs: [x, indices], attributes: { codes } }]),
    ...casesFor(
      "ema_update",
      updateGroup,
      [clusterSize, { ...clusterSize, high: 0 }].map((size) => ({
        name: size.high === 0 ? `${name}, cluster_size zero` : name,
        inputs: [x, embed, smoothed, size],
        attributes: { decay: 0.99, epsilon: 1e-5 },
      })),
    ),
  ];
});

/** Rows of code statistics: sums (here whole numbers, too) and, fourth from the end, how many positions a code has. */
function statistics(codes: number, quads: number, high = 9): CaseInput {
  return { shape: [codes, 4 * (quads + 1)], low: 0, high, kind: "integers" };
}

function restart(name: string, x: number[], codes: number, threshold: number): CaseDetails {
  const codebook = { shape: [x[1]!, codes] };
  const key: CaseInput = { shape: [4], low: 0, high: 2 ** 32, kind: "codes" };
  const inputs = [{ shape: x }, key, codebook, codebook, { shape: [codes], low: 0, high: 2 }];
  return { name, inputs, attributes: { threshold, size: 2 * threshold } };
}

const restarts = [
  restart("half of 64 codes", [2, 8, 4, 4], 64, 1),
  restart("dim 1", [3, 1, 5, 7], 9, 1),
  restart("dim 5, every code", [1, 5, 3, 3], 100, 2.5),
  restart("dim 300, more quads than threads", [1, 300, 2, 3], 6, 1.5),
  restart("no code", [1, 4, 2, 2], 5, 0),
];

function book(dim: number, count: number) {
  return {
    embed: tensor([dim, count], "codes_first"),
    embedAvg: tensor([dim, count], "codes_first"),
    clusterSize: tensor([count]),
  };
}

export const codebook: CaseFamily = {
  cases: [
    ...lookupCases,
    ...casesFor("nearest_code", nearestGroup, [
      // Enough positions for several a thread.
      { name: "700 positions", inputs: [{ shape: [2, 6, 25, 14] }, { shape: [6, 20] }], golden: false },
    ]),
    ...casesFor("code_statistics", statisticsGroup, [
      {
        // Enough positions for each code's sum to be split.
        name: "16900 positions",
        inputs: [{ shape: [4, 5, 65, 65] }, { shape: [4, 65, 65], low: 0, high: 16, kind: "codes" }],
        attributes: { codes: 16 },
        golden: false,
      },
    ]),
    ...casesFor("perplexity", { build: ([statistics]) => perplexity(statistics!), gradients: "none" }, [
      { name: "one code", inputs: [statistics(1, 1)] },
      { name: "33 codes", inputs: [statistics(33, 2)] },
      { name: "512 codes, one used at most", inputs: [statistics(512, 1, 1)] },
      { name: "512 codes", inputs: [statistics(512, 16)] },
    ]),
    ...casesFor("count_codes", {
      build: ([statistics, usage]) => ({
        outputs: [usage!],
        effects: [countCodes(statistics!, usage!)],
      }),
      gradients: "none",
      accuracy: "exact",
    }, [
      { name: "one code", inputs: [statistics(1, 1), { shape: [1], low: 0, high: 9, kind: "codes" }] },
      { name: "100 codes", inputs: [statistics(100, 2), { shape: [100], low: 0, high: 1e6, kind: "codes" }] },
    ]),
    ...casesFor("restart_codes", {
      build([x, key, embed, embedAvg, clusterSize], { threshold, size }) {
        const codebook = { embed: embed!, embedAvg: embedAvg!, clusterSize: clusterSize! };
        return {
          outputs: [embed!, embedAvg!, clusterSize!],
          effects: [restartCodes(x!, key!, codebook, threshold, size)],
        };
      },
      gradients: "none",
      accuracy: "element",
    }, restarts),
  ],
  refusals: [
    ...refusalsOf("nearest_code", [
      ["dimensions", () => nearestCode(x, tensor([3, 9], "codes_first")), "[3,9]", "4"],
      ["flat codes", () => nearestCode(x, tensor([4, 9])), "[4,9], flat", "codes_first"],
    ]),
    ...refusalsOf("gather_code", [
      ["dimensions", () => gatherCode(codes(2, 5, 7), book(3, 9).embed, x), "[3,9]", "4"],
      ["codes", () => gatherCode(codes(2, 7, 5), book(4, 9).embed, x), "[2,5,7]", "[2,7,5]"],
      ["float codes", () => gatherCode(tensor([2, 5, 7]), book(4, 9).embed, x), "u32", "f32"],
    ]),
    ...refusalsOf("code_statistics", [
      ["codes", () => codeStatistics(codes(2, 35), x, book(4, 9).embed), "[2,5,7]", "[2,35]"],
      ["dimensions", () => codeStatistics(codes(2, 5, 7), x, book(5, 9).embed), "[5,9]", "4"],
    ]),
    ...refusalsOf("perplexity", [
      ["one axis", () => perplexity(tensor([36])), "[36]"],
      ["no quads", () => perplexity(tensor([9, 6])), "[9,6]"],
    ]),
    ...refusalsOf("ema_update", [
      ["codes", () => emaUpdate(tensor([8, 8]), book(4, 9), 0.99), "[9,8]", "[8,8]"],
      [
        "averages",
        () => emaUpdate(tensor([9, 8]), { ...book(4, 9), embedAvg: book(4, 8).embed }, 0.99),
        "[4,9]",
        "[4,8]",
      ],
      [
        "sizes",
        () => emaUpdate(tensor([9, 8]), { ...book(4, 9), clusterSize: tensor([4]) }, 0.99),
        "[9]",
        "[4]",
      ],
    ]),
    ...refusalsOf("count_codes", [
      ["counters", () => countCodes(tensor([9, 8]), codes(8)), "u32 [9]", "u32 [8]"],
      ["float counters", () => countCodes(tensor([9, 8]), tensor([9])), "counters must be u32", "f32 [9]"],
    ]),
    ...refusalsOf("restart_codes", [
      ["dimensions", () => restartCodes(x, codes(4), book(3, 9), 1, 2), "[3,9]", "4"],
      ["float key", () => restartCodes(x, tensor([4]), book(4, 9), 1, 2), "key must be u32", "f32 [4]"],
    ]),
  ],
};
