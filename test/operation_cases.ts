/**
 * The one table of cases for all operations, from the files in test/cases. Tests on the GPU, gradient checks, float16
 * checks, the goldens made by PyTorch and the ONNX cases read it.
 *
 * Shapes are PyTorch's: images [B, C, H, W], convolution weights [out, in, height, width], transposed convolution
 * weights [in, out, height, width], codebooks [dim, codes]. Padding is [top, left, bottom, right], strides are [y, x].
 */

import type { CaseFamily, OperationCase, Refusal } from "./case_values.ts";
import { channels } from "./cases/channels.ts";
import { codebook } from "./cases/codebook.ts";
import { convolution2d } from "./cases/convolution.ts";
import { elementwise } from "./cases/elementwise.ts";
import { logistic } from "./cases/logistic.ts";
import { normalisation } from "./cases/normalisation.ts";
import { parts } from "./cases/parts.ts";
import { pooling } from "./cases/pooling.ts";
import { reductions } from "./cases/reductions.ts";
import { updates } from "./cases/updates.ts";

export * from "./case_values.ts";

/** In the order of the goldens. */
const families: readonly CaseFamily[] = [
  convolution2d,
  elementwise,
  channels,
  reductions,
  codebook,
  updates,
  normalisation,
  parts,
  pooling,
  logistic,
];

export const operationCases: readonly OperationCase[] = families.flatMap(({ cases }) => cases);

/** Calls that operations must refuse. */
export const refusals: readonly Refusal[] = families.flatMap(({ refusals }) => refusals);

/** The cases of one operation. */
export function casesOf(operation: string): OperationCase[] {
  return operationCases.filter((each) => each.operation === operation);
}
