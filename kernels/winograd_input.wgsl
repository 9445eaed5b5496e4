// Winograd's convolution, first step: the input's tiles, transformed. See src/ops/winograd.ts for the algorithm.
//
// v[point_y, point_x, tile, i] = Σ B[point_y, r] · x[image, M·tile_y + r − pad_y, M·tile_x + c − pad_x, i] · B[point_x, c]
//
// over the N × N positions of a tile, N = M + 2. x [images, in_height, in_width] in rows of x_row quads, of which the tensor's own begin
// at x_first; v [N·N][tiles][in_quads]. NORMALISE: x is loaded as x · scale[i] + shift[i] (RELU: max(…, 0)), from coefficients
// [4][in_quads], and padding is zero behind that.

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

//: if M === 4
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
//: else
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f }

// One column of B's product: the points are 0, ±1 and ∞.
fn transform(d0: vec4f, d1: vec4f, d2: vec4f, d3: vec4f) -> Line {
  return Line(d2 - d0, d2 + d1, d2 - d1, d3 - d1);
}
//: end

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * 64u + local.x;
  if (index >= p.tiles * p.in_quads) { return; }
  let quad = index % p.in_quads;
  let tile = p.first_tile + index / p.in_quads;
  let left = i32(tile % p.tile_columns * ${M}u) - i32(p.pad_x);
  let top = i32(tile / p.tile_columns % p.tile_rows * ${M}u) - i32(p.pad_y);
  let image = tile / (p.tile_columns * p.tile_rows) * p.in_height;
  //: if NORMALISE
  let scale = coefficients[quad];
  let shift = coefficients[p.in_quads + quad];
  //: end

  //: for c in M + 2
  let x${c} = u32(left + ${c});
  let inside${c} = x${c} < p.in_width;
  //: for r in M + 2
  let y${r}_${c} = u32(top + ${r});
  let live${r}_${c} = inside${c} && y${r}_${c} < p.in_height;
  let loaded${r}_${c} = x[select(0u, ((image + y${r}_${c}) * p.in_width + x${c}) * p.x_row + p.x_first + quad, live${r}_${c})];
  //: if NORMALISE
  let d${r}_${c} = ${RELU ? "max" : "vec4f"}(fma(loaded${r}_${c}, scale, shift)${RELU ? ", vec4f()" : ""}) * select(0.0, 1.0, live${r}_${c});
  //: else
  let d${r}_${c} = loaded${r}_${c} * select(0.0, 1.0, live${r}_${c});
  //: end
  //: end
  let column${c} = transform(
    //: for r in M + 2
    d${r}_${c},
    //: end
  );
  //: end
  let stride = p.tiles * p.in_quads;
  //: for r in M + 2
  let row${r} = transform(
    //: for c in M + 2
    column${c}.v${r},
    //: end
  );
  //: for c in M + 2
  v[${r * (M + 2) + c}u * stride + index] = row${r}.v${c};
  //: end
  //: end
}
