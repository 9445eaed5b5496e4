// Params and bindings of every kernel for the gradient of a convolution's weight, and what they compute:
//
// y[s, ky, kx, i, o] = Σ x[n, oy·stride + ky·dilation − pad, ox·stride + kx·dilation − pad, i] · d[n, oy, ox, o]
//
// over the positions (n, oy, ox) of chunk s. sum_partials adds up the chunks in a fixed order.
//
// x [images, in_height, in_width] and d [images, out_height, out_width], the upstream gradient, are rows of x_row and
// d_row quads; the tensor's own quads begin at x_first and d_first of each row. y is
// [chunks][taps][4·in_quads][out_quads]. NORMALISE and RELU load x as in conv2d_interface.wgsl.
//
// Every kernel computes a matrix product over the positions: its rows are units, a unit being one tap with one quad of
// input channels, and its columns are output channels.
//
// Variants, from the simplest on. Each is checked against the first. Figures are from bench/RESULTS.md: the software
// adapter lavapipe on two cores, 2026-11-24. The variants for GPUs have been checked, not timed.
//
// conv2d_weight_gradient_direct, 4×4      the plain sum: one unit and one quad of output channels a thread.
// conv2d_weight_gradient_direct, larger   a thread computes a block, and uses each loaded value several times.
// conv2d_weight_gradient_workgroup        threads share what they load through workgroup memory. For GPUs.
// conv2d_weight_gradient_subgroup         lanes share what they load by broadcast. For software adapters.
// winograd_*                              fewer products for 3×3 windows and for 4×4 windows with stride 2. For a 3×3
//                                         convolution of 128 to 128 channels at 64×64 the gradient reaches
//                                         105.7 GFLOP/s, which is 2.19 of the 512³ product.
struct Params {
  //: use window_params
  chunk: u32, row_tiles: u32, column_tiles: u32, tiles: u32, first_part: u32,
  x_row: u32, x_first: u32, d_row: u32, d_first: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> d: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
//: if NORMALISE
@group(0) @binding(4) var<storage, read> coefficients: array<vec4f>;
//: end
