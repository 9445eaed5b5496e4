// First step of Winograd's weight gradient: transforms the tiles of the upstream gradient.
// src/ops/convolution/winograd.ts explains the algorithm.
//
// e[point_y, point_x, tile, o] = Σ A[r, point_y] · d[image, M·tile_y + r, M·tile_x + c, o] · A[c, point_x]
//
// over the M × M positions of a tile; positions outside of the image are zero. d [images, out_height, out_width] is
// rows of d_row quads; the tensor's own quads begin at d_first of each row. e is [N·N][tiles][out_quads].

struct Params {
  out_height: u32, out_width: u32, out_quads: u32, tile_rows: u32, tile_columns: u32, first_tile: u32, tiles: u32,
  d_row: u32, d_first: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> d: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> e: array<vec4f>;

//: if TAPS === 2
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f, v4: vec4f }

// One column of A's transpose: the points are 0, 1, −1, 2 and ∞.
fn transform(d0: vec4f, d1: vec4f, d2: vec4f, d3: vec4f) -> Line {
  let even = d0 + d2;
  let odd = d1 + d3;
  return Line(d0, even + odd, even - odd, d0 + 2.0 * d1 + 4.0 * d2 + 8.0 * d3, d3);
}
//: end
//: if TAPS === 3 && M === 4
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f, v4: vec4f, v5: vec4f }

// One column of A's transpose: the points are 0, ±√½, ±√2 and ∞.
fn transform(d0: vec4f, d1: vec4f, d2: vec4f, d3: vec4f) -> Line {
  let even_near = d0 + 0.5 * d2;
  let odd_near = 0.70710678 * d1 + 0.35355339 * d3;
  let even_far = d0 + 2.0 * d2;
  let odd_far = 1.41421356 * d1 + 2.82842712 * d3;
  return Line(d0, even_near + odd_near, even_near - odd_near, even_far + odd_far, even_far - odd_far, d3);
}
//: end
//: if TAPS === 3 && M === 2
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f }

// One column of A's transpose: the points are 0, ±1 and ∞.
fn transform(d0: vec4f, d1: vec4f) -> Line {
  return Line(d0, d0 + d1, d0 - d1, d1);
}
//: end

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  let stride = p.tiles * p.out_quads;
  if (index >= stride) { return; }
  let quad = index % p.out_quads;
  //: use output_tile
  let image = tile / (p.tile_columns * p.tile_rows) * p.out_height;

  //: for c in M
  //: for r in M
  let live${r}_${c} = top + ${r}u < p.out_height && left + ${c}u < p.out_width;
  let at${r}_${c} = ((image + top + ${r}u) * p.out_width + left + ${c}u) * p.d_row + p.d_first + quad;
  let d${r}_${c} = d[select(0u, at${r}_${c}, live${r}_${c})] * select(0.0, 1.0, live${r}_${c});
  //: end
  let column${c} = transform(
    //: for r in M
    d${r}_${c},
    //: end
  );
  //: end
  //: for r in N
  //: use transform_row with columns = ${M}
  //: for c in N
  e[${r * N + c}u * stride + index] = row${r}.v${c};
  //: end
  //: end
}
