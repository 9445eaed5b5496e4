// Last step of Winograd's weight gradient: from the sums at the points to the taps.
// src/ops/convolution/winograd.ts explains the algorithm.
//
// y[ky, kx, i, o] = Σ G[point_y, ky] · s[part, point_y, point_x, i, o] · G[point_x, kx]
//
// over the N × N points and the parts, which are added up in their order. s is [parts][N·N][quads] and y is
// [taps][quads]; `quads` counts all pairs (i, o). PHASES = 4: a 4×4 window with stride 2; each of four phases has every
// second tap in each direction, and s is [parts][N·N][phases][quads].

struct Params { quads: u32, parts: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> s: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

//: if TAPS === 2
struct Line { v0: vec4f, v1: vec4f }

// One column of G's transpose: the points are 0, 1, −1, 2 and ∞.
fn transform(s0: vec4f, s1: vec4f, s2: vec4f, s3: vec4f, s4: vec4f) -> Line {
  return Line(
    0.5 * (s0 - s1) + 0.16666667 * (s3 - s2),
    -0.5 * s1 + 0.16666667 * s2 + 0.33333333 * s3 + s4,
  );
}
//: else
struct Line { v0: vec4f, v1: vec4f, v2: vec4f }
//: end

//: if TAPS === 3 && M === 4
// One column of G's transpose: the points are 0, ±√½, ±√2 and ∞.
fn transform(s0: vec4f, s1: vec4f, s2: vec4f, s3: vec4f, s4: vec4f, s5: vec4f) -> Line {
  let even_near = s1 + s2;
  let odd_near = s1 - s2;
  let even_far = s3 + s4;
  let odd_far = s3 - s4;
  return Line(
    s0 - 0.66666667 * even_near + 0.16666667 * even_far,
    -0.47140452 * odd_near + 0.23570226 * odd_far,
    -0.33333333 * even_near + 0.33333333 * even_far + s5,
  );
}
//: end
//: if TAPS === 3 && M === 2
// One column of G's transpose: the points are 0, ±1 and ∞.
fn transform(s0: vec4f, s1: vec4f, s2: vec4f, s3: vec4f) -> Line {
  let even = 0.5 * (s1 + s2);
  return Line(even - s0, 0.5 * (s1 - s2), even + s3);
}
//: end

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= ${PHASES}u * p.quads) { return; }
  //: for t in N * N
  var s${t} = vec4f();
  //: end
  for (var part = 0u; part < p.parts; part++) {
    let first = part * ${N * N * PHASES}u * p.quads + index;
    //: for t in N * N
    s${t} += s[first + ${t * PHASES}u * p.quads];
    //: end
  }
  //: for c in N
  let column${c} = transform(
    //: for r in N
    s${r * N + c},
    //: end
  );
  //: end
  //: if PHASES === 4
  let phase = index / p.quads;
  let first_tap = (1u - phase / 2u) * 4u + 1u - phase % 2u;
  //: end
  //: for r in TAPS
  //: use transform_row with columns = ${N}
  //: for c in TAPS
  //: if PHASES === 4
  y[(first_tap + ${8 * r + 2 * c}u) * p.quads + index % p.quads] = row${r}.v${c};
  //: else
  y[${3 * r + c}u * p.quads + index] = row${r}.v${c};
  //: end
  //: end
  //: end
}
