// Params and bindings of every weight gradient kernel: input x, upstream gradient d, weight gradient or partial sums y;
// with NORMALISE the coefficients [4][in_quads], of which scale and shift are the first two rows.
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
