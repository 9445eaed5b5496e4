/** The rows of the benchmark's tables, as --json writes them. */

import type { FloatType } from "../src/graph/layout.ts";
import type { Spread } from "../src/metrics/spread.ts";
import type { BenchCase } from "./cases.ts";
import type { ModelName } from "./models.ts";

/** The adapter's upper bounds. */
export interface Ceilings {
  /** Multiply-adds in registers, each counted as two operations, in 1e9 a second. */
  gigaflops: number;
  /** Bytes read and written by a copy, in 1e9 a second. */
  gigabytes: number;
  /** A dispatch that waits for the one before it. */
  dispatchMicroseconds: number;
  /** A product of two 512 × 512 matrices by the project's own convolution. */
  productGigaflops: number;
}

/** One kernel of a training step at one shape. */
export interface KernelRow extends Pick<BenchCase, "name" | "variant" | "shape" | "count"> {
  /** Side of the training images in pixels. */
  size: number;
  batch: number;
  /** Of one call. */
  milliseconds: Spread;
  gigaflops: number;
  gigabytes: number;
  /**
   * The shortest time that the ceilings allow, in percent of the measured time; above 100 if a cache holds the data.
   */
  percent: number;
  /** The ceiling that determines the shortest time. */
  bound: "arithmetic" | "memory";
}

/** All calls of a family of kernels in one step. */
export interface FamilyRow extends Pick<KernelRow, "gigaflops" | "gigabytes" | "percent" | "bound"> {
  operation: string;
  kernels: string;
  calls: number;
  milliseconds: number;
}

/** A kernel that should come near a ceiling, timed in turns with it. Rates are those of its best turn. */
export interface ComparisonRow extends Pick<BenchCase, "name" | "variant" | "shape"> {
  /** The ceiling: the copy, or the multiply-adds. */
  against: "copy" | "arithmetic";
  milliseconds: Spread;
  gigaflops: number;
  gigabytes: number;
  /** Of the copy's bytes a second, or of the multiply-adds a second, in percent. */
  percent: number;
  /** Its arithmetic a second divided by that of the 512 × 512 product; only if it is compared with arithmetic. */
  toProduct?: number;
}

/** Whole training steps of one model, image size and batch size. */
export interface StepRow {
  model: ModelName;
  size: number;
  batch: number;
  /** Default: float32. */
  precision?: FloatType;
  imagesPerSecond: Spread;
  gigaflops: number;
  dispatches: number;
  pipelines: number;
  plannedBytes: number;
  /** From opening the adapter to the end of the first step: graph, plan, compiled kernels, initial weights. */
  firstStepMilliseconds: number;
}

/** The cost of a training image. */
export interface CostRow extends Pick<StepRow, "model" | "size" | "batch"> {
  /** The time of a training image divided by its pixels, in the fastest of the step's bursts. */
  nanosecondsPerPixel: number;
  /** That time divided by the same for the next smaller batch of images of this size. 1 is linear. */
  toSmallerBatch?: number;
  /** That time divided by the same for the next smaller images in batches of this size. 1 is linear. */
  toSmallerSide?: number;
}
