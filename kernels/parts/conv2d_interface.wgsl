// Params and bindings of every convolution kernel, and what they compute:
//
// Forward:  y[n, oy, ox, o] = bias[o]
//             + Σ x[n, oy·stride + ky·dilation − pad, ox·stride + kx·dilation − pad, i] · w[ky, kx, i, o]
// ADJOINT:  y[n, oy, ox, o] = bias[o]
//             + Σ x[n, (oy + pad − ky·dilation) / stride, (ox + pad − kx·dilation) / stride, i] · w[ky, kx, o, i],
//           over the taps for which both divisions leave no remainder. This is the transposed convolution, and the
//           gradient of the forward convolution with respect to its input.
//
// x [images, in_height, in_width] and y [images, out_height, out_width] hold channels in quads (vec4). Their positions
// are rows of x_row and y_row quads; the tensor's own quads begin at x_first and y_first of each row. w is
// [taps][4·in_quads][out_quads] forward and [taps][4·out_quads][in_quads] in the adjoint. bias is [out_quads].
//
// NORMALISE: x is loaded as x · scale[i] + shift[i], with RELU as max(…, 0); padding stays zero. scale and shift are
// the first two rows of coefficients [4][in_quads].
//
// Every kernel computes a matrix product of gathered positions (rows) by output channels (columns). The gathered matrix
// is never stored. In the adjoint, a tile holds positions with the same remainders modulo the stride (a phase), so that
// a tap is used by the whole tile or skipped.
//
// Variants, from the simplest on. Each is checked against the first. Figures are from bench/RESULTS.md: the software
// adapter lavapipe on two cores, 2026-11-24. The variants for GPUs have been checked, not timed.
//
// conv2d_direct, 1×4         the plain sum: one position and one quad of output channels a thread.
// conv2d_direct, larger      a thread computes a block, and uses each loaded value several times.
// conv2d_workgroup           threads share what they load through workgroup memory, which is fast on GPUs.
// conv2d_workgroup, SPLIT    the sum over input channels is split, for results too small to keep a GPU busy.
// conv2d_subgroup            lanes share what they load by broadcast, which is nearly free on software adapters, while
//                            workgroup memory is slow. Reaches 1.05 to 1.2 of the 512³ product's 48.4 GFLOP/s.
// conv2d_narrow_subgroup     the same for at most four output channels, which would leave most lanes without work.
// winograd_*                 fewer products for 3×3 windows and for 4×4 windows with stride 2. A 3×3 convolution of 128
//                            to 128 channels at 64×64 reaches 93.6 GFLOP/s, which is 1.94 of the 512³ product.
struct Params {
  //: use window_params
  phase_height: u32, phase_width: u32, row_tiles: u32, column_tiles: u32, tiles: u32,
  x_row: u32, x_first: u32, y_row: u32, y_first: u32,
  //: if SPLIT
  chunk: u32,
  //: end
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
//: if BIAS
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;
//: end
//: if NORMALISE
@group(0) @binding(${BIAS ? 5 : 4}) var<storage, read> coefficients: array<vec4f>;
//: end
${EPILOGUE_BINDINGS}
