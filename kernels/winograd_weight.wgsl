// Second step of Winograd's convolution: transforms the weight. src/ops/convolution/winograd.ts explains the algorithm.
//
// u[point_y, point_x, pair] = Σ G[point_y, ky] · w[ky, kx, pair] · G[point_x, kx]
//
// over the TAPS × TAPS taps, with REVERSED in reverse order. A pair is an input channel with an output channel. w is
// [taps][quads] and u is [N·N][quads].
//
// PHASES = 4: a 4×4 window with stride 2; each of four phases has every second tap in each direction. u is
// [N·N][phases][quads], or with SPREAD, for the adjoint, [phases][N·N][quads].

struct Params { quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> u: array<vec4f>;

//: if TAPS === 2
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f, v4: vec4f }

// One column of G's product: the points are 0, 1, −1, 2 and ∞.
fn transform(g0: vec4f, g1: vec4f) -> Line {
  return Line(0.5 * g0, -0.5 * (g0 + g1), 0.16666667 * (g1 - g0), 0.16666667 * g0 + 0.33333333 * g1, g1);
}
//: end
//: if TAPS === 3 && M === 4
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f, v4: vec4f, v5: vec4f }

// One column of G's product: the points are 0, ±√½, ±√2 and ∞.
fn transform(g0: vec4f, g1: vec4f, g2: vec4f) -> Line {
  let even_near = -0.66666667 * g0 - 0.33333333 * g2;
  let odd_near = -0.47140452 * g1;
  let even_far = 0.16666667 * g0 + 0.33333333 * g2;
  let odd_far = 0.23570226 * g1;
  return Line(g0, even_near + odd_near, even_near - odd_near, even_far + odd_far, even_far - odd_far, g2);
}
//: end
//: if TAPS === 3 && M === 2
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f }

// One column of G's product: the points are 0, ±1 and ∞.
fn transform(g0: vec4f, g1: vec4f, g2: vec4f) -> Line {
  let even = 0.5 * (g0 + g2);
  let odd = 0.5 * g1;
  return Line(-g0, even + odd, even - odd, g2);
}
//: end

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= ${PHASES}u * p.quads) { return; }
  //: if PHASES === 4
  let pair = index % p.quads;
  let phase = index / p.quads;
  //: if SPREAD
  let first_y = 3u - phase / 2u;
  let first_x = 3u - phase % 2u;
  //: else
  let first_y = 1u - phase / 2u;
  let first_x = 1u - phase % 2u;
  //: end
  //: for r in 2
  //: for c in 2
  //: if SPREAD
  let w${2 * r + c} = w[((first_y - ${2 * r}u) * 4u + first_x - ${2 * c}u) * p.quads + pair];
  //: else
  let w${2 * r + c} = w[((first_y + ${2 * r}u) * 4u + first_x + ${2 * c}u) * p.quads + pair];
  //: end
  //: end
  //: end
  //: else
  //: for t in 9
  let w${t} = w[${REVERSED ? 8 - t : t}u * p.quads + index];
  //: end
  //: end
  //: if SPREAD
  let stride = p.quads;
  let at = ${N * N}u * p.quads * phase + pair;
  //: else
  let stride = ${PHASES}u * p.quads;
  let at = index;
  //: end
  //: for c in TAPS
  let column${c} = transform(
    //: for r in TAPS
    w${TAPS * r + c},
    //: end
  );
  //: end
  //: for r in N
  //: use transform_row with columns = ${TAPS}
  //: for c in N
  u[${r * N + c}u * stride + at] = row${r}.v${c};
  //: end
  //: end
}
