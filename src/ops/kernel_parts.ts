/** The pieces of WGSL that kernels share: the files of kernels/parts, which a kernel includes by `//: use NAME`. */

import biasOrZero from "../../kernels/parts/bias_or_zero.wgsl" with { type: "text" };
import channelCoefficients from "../../kernels/parts/channel_coefficients.wgsl" with { type: "text" };
import chunkTile from "../../kernels/parts/chunk_tile.wgsl" with { type: "text" };
import conv2dInterface from "../../kernels/parts/conv2d_interface.wgsl" with { type: "text" };
import countedPlaces from "../../kernels/parts/counted_places.wgsl" with { type: "text" };
import enableSubgroups from "../../kernels/parts/enable_subgroups.wgsl" with { type: "text" };
import finish from "../../kernels/parts/finish.wgsl" with { type: "text" };
import maskedLoad from "../../kernels/parts/masked_load.wgsl" with { type: "text" };
import normaliseFinish from "../../kernels/parts/normalise_finish.wgsl" with { type: "text" };
import normaliseInPlace from "../../kernels/parts/normalise_in_place.wgsl" with { type: "text" };
import outputPosition from "../../kernels/parts/output_position.wgsl" with { type: "text" };
import outputTile from "../../kernels/parts/output_tile.wgsl" with { type: "text" };
import pool2dInterface from "../../kernels/parts/pool2d_interface.wgsl" with { type: "text" };
import productBatch from "../../kernels/parts/product_batch.wgsl" with { type: "text" };
import productTile from "../../kernels/parts/product_tile.wgsl" with { type: "text" };
import rowPosition from "../../kernels/parts/row_position.wgsl" with { type: "text" };
import skipTap from "../../kernels/parts/skip_tap.wgsl" with { type: "text" };
import sumLines from "../../kernels/parts/sum_lines.wgsl" with { type: "text" };
import sumTwoLines from "../../kernels/parts/sum_two_lines.wgsl" with { type: "text" };
import tapOffset from "../../kernels/parts/tap_offset.wgsl" with { type: "text" };
import tapPosition from "../../kernels/parts/tap_position.wgsl" with { type: "text" };
import threadIndex from "../../kernels/parts/thread_index.wgsl" with { type: "text" };
import transformRow from "../../kernels/parts/transform_row.wgsl" with { type: "text" };
import treeSum from "../../kernels/parts/tree_sum.wgsl" with { type: "text" };
import weightGradientInterface from "../../kernels/parts/weight_gradient_interface.wgsl" with {
  type: "text",
};
import windowCorner from "../../kernels/parts/window_corner.wgsl" with { type: "text" };
import windowParams from "../../kernels/parts/window_params.wgsl" with { type: "text" };
import workgroupIndex from "../../kernels/parts/workgroup_index.wgsl" with { type: "text" };

/** The parts by the names of their files. */
export const kernelParts = {
  bias_or_zero: biasOrZero,
  channel_coefficients: channelCoefficients,
  chunk_tile: chunkTile,
  conv2d_interface: conv2dInterface,
  counted_places: countedPlaces,
  enable_subgroups: enableSubgroups,
  finish,
  masked_load: maskedLoad,
  normalise_finish: normaliseFinish,
  normalise_in_place: normaliseInPlace,
  output_position: outputPosition,
  output_tile: outputTile,
  pool2d_interface: pool2dInterface,
  product_batch: productBatch,
  product_tile: productTile,
  row_position: rowPosition,
  skip_tap: skipTap,
  sum_lines: sumLines,
  sum_two_lines: sumTwoLines,
  tap_offset: tapOffset,
  tap_position: tapPosition,
  thread_index: threadIndex,
  transform_row: transformRow,
  tree_sum: treeSum,
  weight_gradient_interface: weightGradientInterface,
  window_corner: windowCorner,
  window_params: windowParams,
  workgroup_index: workgroupIndex,
} as const;
