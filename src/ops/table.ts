/** Every operation by its name. The tests go through this table and fail for an operation without a case. */

import type { AnyOperation } from "../graph/tensor.ts";
import { adamOperation } from "./adam.ts";
import {
  averagePool2dGradientOperation,
  averagePool2dOperation,
  globalAveragePool2dOperation,
} from "./average_pooling.ts";
import {
  channelsLastOperation,
  concatOperation,
  placeChannelsOperation,
  sliceChannelsOperation,
} from "./channels.ts";
import { channelSumOperation } from "./channel_sum.ts";
import {
  codeStatisticsOperation,
  gatherCodeOperation,
  nearestCodeOperation,
  perplexityOperation,
} from "./codebook.ts";
import { coefficientsOperation, runningCoefficientsOperation } from "./coefficients.ts";
import { conv2dOperation, convTranspose2dOperation } from "./convolution/conv2d.ts";
import { conv2dWeightGradientOperation } from "./convolution/weight_gradient.ts";
import {
  addOperation,
  castOperation,
  mseGradientOperation,
  multiplyOperation,
  reluGradientOperation,
  reluOperation,
  scaleOperation,
  subtractOperation,
} from "./elementwise.ts";
import { halfCopiesOperation, halfCopyOperation } from "./half_copies.ts";
import { logisticLossGradientOperation, logisticLossOperation } from "./logistic_loss.ts";
import { countNonFiniteOperation, lossScaleOperation } from "./loss_scale.ts";
import { maxPool2dGradientOperation, maxPool2dOperation } from "./max_pooling.ts";
import { momentsGradientOperation, momentsOperation } from "./moments.ts";
import { normaliseGradientOperation, normaliseOperation } from "./normalisation.ts";
import { appendOperation, narrowOperation, workspaceOperation } from "./parts.ts";
import { mseOperation, spreadOperation, sumOperation } from "./reduce.ts";
import { recordRowsOperation } from "./record_rows.ts";
import { sigmoidGradientOperation, sigmoidOperation } from "./sigmoid.ts";
import {
  countCodesOperation,
  emaUpdateOperation,
  recordOperation,
  restartCodesOperation,
} from "./updates.ts";
import { variableOperation } from "./variable.ts";

export const operations = {
  variable: variableOperation,
  relu: reluOperation,
  relu_gradient: reluGradientOperation,
  add: addOperation,
  subtract: subtractOperation,
  multiply: multiplyOperation,
  scale: scaleOperation,
  cast: castOperation,
  sum: sumOperation,
  spread: spreadOperation,
  mse: mseOperation,
  mse_gradient: mseGradientOperation,
  channels_last: channelsLastOperation,
  concat: concatOperation,
  slice_channels: sliceChannelsOperation,
  place_channels: placeChannelsOperation,
  channel_sum: channelSumOperation,
  conv2d: conv2dOperation,
  conv_transpose2d: convTranspose2dOperation,
  conv2d_weight_gradient: conv2dWeightGradientOperation,
  workspace: workspaceOperation,
  append: appendOperation,
  narrow: narrowOperation,
  moments: momentsOperation,
  moments_gradient: momentsGradientOperation,
  coefficients: coefficientsOperation,
  running_coefficients: runningCoefficientsOperation,
  normalise: normaliseOperation,
  normalise_gradient: normaliseGradientOperation,
  max_pool2d: maxPool2dOperation,
  max_pool2d_gradient: maxPool2dGradientOperation,
  average_pool2d: averagePool2dOperation,
  average_pool2d_gradient: averagePool2dGradientOperation,
  global_average_pool2d: globalAveragePool2dOperation,
  sigmoid: sigmoidOperation,
  sigmoid_gradient: sigmoidGradientOperation,
  logistic_loss: logisticLossOperation,
  logistic_loss_gradient: logisticLossGradientOperation,
  nearest_code: nearestCodeOperation,
  gather_code: gatherCodeOperation,
  code_statistics: codeStatisticsOperation,
  perplexity: perplexityOperation,
  ema_update: emaUpdateOperation,
  count_codes: countCodesOperation,
  restart_codes: restartCodesOperation,
  count_non_finite: countNonFiniteOperation,
  loss_scale: lossScaleOperation,
  half_copies: halfCopiesOperation,
  half_copy: halfCopyOperation,
  adam: adamOperation,
  record: recordOperation,
  record_rows: recordRowsOperation,
} satisfies Record<string, AnyOperation>;
