// First step of Winograd's convolution: transforms the tiles of the input. src/ops/convolution/winograd.ts explains the
// algorithm.
//
// v[point_y, point_x, tile, i] =
//   Σ B[point_y, r] · x[image, STEP·(M·tile_y + r) − pad_y, STEP·(M·tile_x + c) − pad_x, i] · B[point_x, c]
//
// over the N × N positions of a tile, N = M + TAPS − 1. x [images, in_height, in_width] is rows of x_row quads; the
// tensor's own quads begin at x_first of each row. v is [N·N][tiles][in_quads]. NORMALISE and RELU load x as in
// conv2d_interface.wgsl.
//
// PHASES = 4: a window with stride 2, by the remainders of its taps modulo 2. Without SPREAD the products sum over the
// phases, so v is [N·N][tiles][phases][in_quads], and the padding is the phase. With SPREAD, for the adjoint, the
// phases stay apart: v is [phases][N·N][tiles][in_quads], and the padding is one minus the phase.

struct Params {
  in_height: u32, in_width: u32, in_quads: u32, tile_rows: u32, tile_columns: u32, first_tile: u32, tiles: u32,
  pad_y: u32, pad_x: u32, x_row: u32, x_first: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;
//: if NORMALISE
@group(0) @binding(3) var<storage, read> coefficients: array<vec4f>;
//: end

//: if TAPS === 2
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f, v4: vec4f }

// One column of B's product: the points are 0, 1, −1, 2 and ∞.
fn transform(d0: vec4f, d1: vec4f, d2: vec4f, d3: vec4f, d4: vec4f) -> Line {
  return Line(
    2.0 * (d0 - d2) + d3 - d1,
    d3 - d2 - 2.0 * d1,
    d3 - 3.0 * d2 + 2.0 * d1,
    d3 - d1,
    d4 - d2 + 2.0 * (d1 - d3),
  );
}
//: end
//: if TAPS === 3 && M === 4
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f, v4: vec4f, v5: vec4f }

// One column of B's product: the points are 0, ±√½, ±√2 and ∞.
fn transform(d0: vec4f, d1: vec4f, d2: vec4f, d3: vec4f, d4: vec4f, d5: vec4f) -> Line {
  let even_near = d4 - 2.0 * d2;
  let odd_near = 0.70710678 * d3 - 1.41421356 * d1;
  let even_far = d4 - 0.5 * d2;
  let odd_far = 1.41421356 * d3 - 0.70710678 * d1;
  return Line(
    d0 - 2.5 * d2 + d4,
    even_near + odd_near, even_near - odd_near,
    even_far + odd_far, even_far - odd_far,
    d1 - 2.5 * d3 + d5,
  );
}
//: end
//: if TAPS === 3 && M === 2
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f }

// One column of B's product: the points are 0, ±1 and ∞.
fn transform(d0: vec4f, d1: vec4f, d2: vec4f, d3: vec4f) -> Line {
  return Line(d2 - d0, d2 + d1, d2 - d1, d3 - d1);
}
//: end

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.tiles * ${PHASES}u * p.in_quads) { return; }
  let quad = index % p.in_quads;
  //: if PHASES === 4
  let phase = index / p.in_quads % 4u;
  //: if SPREAD
  let pad_y = 1u - phase / 2u;
  let pad_x = 1u - phase % 2u;
  //: else
  let pad_y = phase / 2u;
  let pad_x = phase % 2u;
  //: end
  //: else
  let pad_y = p.pad_y;
  let pad_x = p.pad_x;
  //: end
  let slab_tile = index / (${PHASES}u * p.in_quads);
  let tile = p.first_tile + slab_tile;
  let left = i32(tile % p.tile_columns * ${STEP * M}u) - i32(pad_x);
  let top = i32(tile / p.tile_columns % p.tile_rows * ${STEP * M}u) - i32(pad_y);
  let image = tile / (p.tile_columns * p.tile_rows) * p.in_height;
  //: use channel_coefficients with at = quad

  //: for c in N
  let x${c} = u32(left + ${STEP * c});
  let inside${c} = x${c} < p.in_width;
  //: for r in N
  let y${r}_${c} = u32(top + ${STEP * r});
  let live${r}_${c} = inside${c} && y${r}_${c} < p.in_height;
  let loaded${r}_${c} = x[select(0u, ((image + y${r}_${c}) * p.in_width + x${c}) * p.x_row + p.x_first + quad, live${r}_${c})];
  //: use masked_load with to = d${r}_${c}; from = loaded${r}_${c}; mask = select(0.0, 1.0, live${r}_${c})
  //: end
  let column${c} = transform(
    //: for r in N
    d${r}_${c},
    //: end
  );
  //: end
  //: if SPREAD
  let stride = p.tiles * p.in_quads;
  let at = ${N * N}u * stride * phase + slab_tile * p.in_quads + quad;
  //: else
  let stride = p.tiles * ${PHASES}u * p.in_quads;
  let at = index;
  //: end
  //: for r in N
  //: use transform_row with columns = ${N}
  //: for c in N
  v[${r * N + c}u * stride + at] = row${r}.v${c};
  //: end
  //: end
}
