/**
 * Inception v3 (Szegedy et al., "Rethinking the inception architecture for computer vision", 2016) up to its last pooling, for features that a
 * Fréchet Inception Distance is made of. Keys are torchvision's; pooling is as in TensorFlow's network of 2015, from which published distances
 * are: averages leave the padding out, and the last block's pooling takes maxima.
 */

import { floatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Layer } from "../../nn/convolution.ts";
import { ParameterSet, uniformInitialiser, zeroInitialiser } from "../../nn/parameters.ts";
import { averagePool2d, globalAveragePool2d } from "../../ops/average_pooling.ts";
import { concat } from "../../ops/channels.ts";
import { conv2d } from "../../ops/convolution/conv2d.ts";
import { relu } from "../../ops/elementwise.ts";
import { maxPool2d } from "../../ops/max_pooling.ts";

/** Features of an image. */
export const featureCount = 2048;
/** The images' side. */
export const inceptionSide = 299;

/** A convolution of a block's branch: kernel [height, width], padded to keep the size unless it strides or says otherwise. */
interface Unit {
  name: string;
  output: number;
  kernel?: readonly [number, number];
  stride?: 1 | 2;
  /** No padding although it does not stride. */
  valid?: true;
}

/** A branch's units one after another; the last may be several side by side. */
type Branch = readonly (Unit | readonly Unit[])[];

interface Block {
  key: string;
  branches: readonly Branch[];
  /** What the last branch pools before its units, if it has any. */
  pool: "average" | "maximum" | "halving";
}

const unit = (name: string, output: number, height = 1, width = height, more: Partial<Unit> = {}): Unit => ({
  name,
  output,
  kernel: [height, width],
  ...more,
});
const halved = { stride: 2 } as const;

const stem: readonly (Unit | "pool")[] = [
  unit("Conv2d_1a_3x3", 32, 3, 3, halved),
  unit("Conv2d_2a_3x3", 32, 3, 3, { valid: true }),
  unit("Conv2d_2b_3x3", 64, 3),
  "pool",
  unit("Conv2d_3b_1x1", 80),
  unit("Conv2d_4a_3x3", 192, 3, 3, { valid: true }),
  "pool",
];

function blockA(key: string, pooled: number): Block {
  const branches = [
    [unit("branch1x1", 64)],
    [unit("branch5x5_1", 48), unit("branch5x5_2", 64, 5)],
    [unit("branch3x3dbl_1", 64), unit("branch3x3dbl_2", 96, 3), unit("branch3x3dbl_3", 96, 3)],
    [unit("branch_pool", pooled)],
  ];
  return { key, branches, pool: "average" };
}

function blockC(key: string, inner: number): Block {
  const branches = [
    [unit("branch1x1", 192)],
    [unit("branch7x7_1", inner), unit("branch7x7_2", inner, 1, 7), unit("branch7x7_3", 192, 7, 1)],
    [
      unit("branch7x7dbl_1", inner),
      unit("branch7x7dbl_2", inner, 7, 1),
      unit("branch7x7dbl_3", inner, 1, 7),
      unit("branch7x7dbl_4", inner, 7, 1),
      unit("branch7x7dbl_5", 192, 1, 7),
    ],
    [unit("branch_pool", 192)],
  ];
  return { key, branches, pool: "average" };
}

function blockE(key: string, pool: Block["pool"]): Block {
  const sides = (name: string) => [unit(`${name}a`, 384, 1, 3), unit(`${name}b`, 384, 3, 1)];
  const branches = [
    [unit("branch1x1", 320)],
    [unit("branch3x3_1", 384), sides("branch3x3_2")],
    [unit("branch3x3dbl_1", 448), unit("branch3x3dbl_2", 384, 3), sides("branch3x3dbl_3")],
    [unit("branch_pool", 192)],
  ];
  return { key, branches, pool };
}

const blocks: readonly Block[] = [
  blockA("Mixed_5b", 32),
  blockA("Mixed_5c", 64),
  blockA("Mixed_5d", 64),
  {
    key: "Mixed_6a",
    branches: [
      [unit("branch3x3", 384, 3, 3, halved)],
      [unit("branch3x3dbl_1", 64), unit("branch3x3dbl_2", 96, 3), unit("branch3x3dbl_3", 96, 3, 3, halved)],
      [],
    ],
    pool: "halving",
  },
  blockC("Mixed_6b", 128),
  blockC("Mixed_6c", 160),
  blockC("Mixed_6d", 160),
  blockC("Mixed_6e", 192),
  {
    key: "Mixed_7a",
    branches: [
      [unit("branch3x3_1", 192), unit("branch3x3_2", 320, 3, 3, halved)],
      [
        unit("branch7x7x3_1", 192),
        unit("branch7x7x3_2", 192, 1, 7),
        unit("branch7x7x3_3", 192, 7, 1),
        unit("branch7x7x3_4", 192, 3, 3, halved),
      ],
      [],
    ],
    pool: "halving",
  },
  blockE("Mixed_7b", "average"),
  blockE("Mixed_7c", "maximum"),
];

const around = { kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] } as const;
const pools: Record<Block["pool"], Layer> = {
  average: (x) => averagePool2d(x, { ...around, countIncludePadding: false }),
  maximum: (x) => maxPool2d(x, around),
  halving: (x) => maxPool2d(x, { kernel: [3, 3], stride: [2, 2], padding: [0, 0, 0, 0] }),
};

/** Its parameters `{unit}.weight` and `{unit}.bias` are convolutions with their batch normalisation folded in, see weights.ts. */
export class Inception {
  readonly set = new ParameterSet();
  /** Keys of the convolutions with their normalisation, as in torchvision's files. */
  readonly units: string[] = [];
  private readonly layers: Layer[] = [];

  constructor() {
    let channels = 3;
    for (const part of stem) {
      this.layers.push(part === "pool" ? pools.halving : this.unit(part.name, channels, part));
      if (part !== "pool") channels = part.output;
    }
    for (const block of blocks) {
      const { layer, output } = this.block(block, channels);
      this.layers.push(layer);
      channels = output;
    }
  }

  /** Features [B, 2048, 1, 1] of images [B, 3, 299, 299], both channels last, with values in −1 … 1. */
  forward(images: Tensor): Tensor {
    return globalAveragePool2d(this.layers.reduce((x, layer) => layer(x), images));
  }

  private block({ key, branches, pool }: Block, input: number): { layer: Layer; output: number } {
    let output = 0;
    const made = branches.map((branch, index) => {
      const isPooled = index === branches.length - 1;
      let channels = input;
      const layers: Layer[] = isPooled ? [pools[pool]] : [];
      for (const part of branch) {
        const side = (Array.isArray(part) ? part : [part]) as Unit[];
        const units = side.map((each) => this.unit(`${key}.${each.name}`, channels, each));
        layers.push((x) => units.length === 1 ? units[0]!(x) : concat(units.map((layer) => layer(x))));
        channels = side.reduce((sum, each) => sum + each.output, 0);
      }
      output += channels;
      return (x: Tensor) => layers.reduce((value, layer) => layer(value), x);
    });
    return { layer: (x) => concat(made.map((branch) => branch(x))), output };
  }

  private unit(key: string, input: number, { output, kernel = [1, 1], stride = 1, valid }: Unit): Layer {
    const [height, width] = kernel;
    const initialise = uniformInitialiser(input * height * width);
    const type = floatType([output, input, height, width], "taps_first");
    const weight = this.set.parameter(`${key}.weight`, type, initialise);
    const bias = this.set.parameter(`${key}.bias`, floatType([output]), zeroInitialiser);
    this.units.push(key);
    const [y, x] = stride === 2 || valid ? [0, 0] : [(height - 1) / 2, (width - 1) / 2];
    const window = { stride: [stride, stride], padding: [y, x, y, x] } as const;
    return (images) => relu(conv2d(images, weight, { ...window, bias, label: key }));
  }
}
