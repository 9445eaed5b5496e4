// Last step of Winograd's convolution: transforms the products to the output. src/ops/convolution/winograd.ts explains
// the algorithm.
//
// y[image, M·tile_y + r, M·tile_x + c, o] = bias[o] + Σ A[r, point_y] · m[point_y, point_x, tile, o] · A[c, point_x]
//
// over the N × N points. m is [N·N][tiles][out_quads]. y [images, out_height, out_width] is rows of y_row quads; the
// tensor's own quads begin at y_first of each row.
//
// SPREAD: m is [phases][N·N][tiles][out_quads]. Phase (f, g) computes the outputs at line 2·(M·tile_y + r) + f and
// column 2·(M·tile_x + c) + g.

struct Params {
  out_height: u32, out_width: u32, out_quads: u32, tile_rows: u32, tile_columns: u32, first_tile: u32, tiles: u32,
  y_row: u32, y_first: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> m: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
//: if BIAS
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
//: end
${EPILOGUE_BINDINGS}

//: use finish

//: if TAPS === 2
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f }

// One column of A's product: the points are 0, 1, −1, 2 and ∞.
fn transform(m0: vec4f, m1: vec4f, m2: vec4f, m3: vec4f, m4: vec4f) -> Line {
  let even = m1 + m2;
  let odd = m1 - m2;
  return Line(m0 + even + m3, odd + 2.0 * m3, even + 4.0 * m3, odd + 8.0 * m3 + m4);
}
//: end
//: if TAPS === 3 && M === 4
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f }

// One column of A's product: the points are 0, ±√½, ±√2 and ∞.
fn transform(m0: vec4f, m1: vec4f, m2: vec4f, m3: vec4f, m4: vec4f, m5: vec4f) -> Line {
  let even_near = m1 + m2;
  let odd_near = m1 - m2;
  let even_far = m3 + m4;
  let odd_far = m3 - m4;
  return Line(
    m0 + even_near + even_far,
    0.70710678 * odd_near + 1.41421356 * odd_far,
    0.5 * even_near + 2.0 * even_far,
    0.35355339 * odd_near + 2.82842712 * odd_far + m5,
  );
}
//: end
//: if TAPS === 3 && M === 2
struct Line { v0: vec4f, v1: vec4f }

// One column of A's product: the points are 0, ±1 and ∞.
fn transform(m0: vec4f, m1: vec4f, m2: vec4f, m3: vec4f) -> Line {
  return Line(m0 + m1 + m2, m1 - m2 + m3);
}
//: end

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  let stride = p.tiles * p.out_quads;
  if (index >= ${SPREAD ? 4 : 1}u * stride) { return; }
  let quad = index % p.out_quads;
  //: if SPREAD
  let phase = index / stride;
  let first = ${N * N}u * stride * phase + index % stride;
  let tile = p.first_tile + index % stride / p.out_quads;
  let left = tile % p.tile_columns * ${2 * M}u + phase % 2u;
  let top = tile / p.tile_columns % p.tile_rows * ${2 * M}u + phase / 2u;
  //: else
  let first = index;
  //: use output_tile
  //: end
  let image = tile / (p.tile_columns * p.tile_rows) * p.out_height;
  //: use bias_or_zero with at = quad

  //: for c in N
  let column${c} = transform(
    //: for r in N
    m[${r * N + c}u * stride + first],
    //: end
  );
  //: end
  //: for r in M
  //: use transform_row with columns = ${N}
  //: for c in M
  {
    let oy = top + ${(SPREAD ? 2 : 1) * r}u;
    let ox = left + ${(SPREAD ? 2 : 1) * c}u;
    if (oy < p.out_height && ox < p.out_width) {
      let at = ((image + oy) * p.out_width + ox) * p.y_row + p.y_first + quad;
      y[at] = finish(start + row${r}.v${c}, at);
    }
  }
  //: end
  //: end
}
