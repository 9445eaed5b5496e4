/** Every operation by name. Tests walk this table: an operation without a case fails them. */

import type { AnyOperation } from "../graph/tensor.ts";
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
import { conv2dOperation, convTranspose2dOperation } from "./conv2d.ts";
import { conv2dWeightGradientOperation } from "./conv2d_weight_gradient.ts";
import {
  addOperation,
  mseGradientOperation,
  multiplyOperation,
  reluGradientOperation,
  reluOperation,
  scaleOperation,
  subtractOperation,
} from "./elementwise.ts";
import { mseOperation, spreadOperation, sumOperation } from "./reduce.ts";
import {
  adamOperation,
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
  nearest_code: nearestCodeOperation,
  gather_code: gatherCodeOperation,
  code_statistics: codeStatisticsOperation,
  perplexity: perplexityOperation,
  ema_update: emaUpdateOperation,
  count_codes: countCodesOperation,
  restart_codes: restartCodesOperation,
  adam: adamOperation,
  record: recordOperation,
} satisfies Record<string, AnyOperation>;
