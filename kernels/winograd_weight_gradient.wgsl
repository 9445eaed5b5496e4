// Winograd's weight gradient, last step: from sums at the points to the taps. See src/ops/winograd.ts for the algorithm.
//
// y[ky, kx, i, o] = Σ G[point_y, ky] · s[part, point_y, point_x, i, o] · G[point_x, kx]
//
// over the N × N points and the parts, these in their order. s [parts][N·N][quads] and y [taps][quads], where `quads` are those of all pairs
// (i, o).

struct Params { quads: u32, parts: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> s: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

struct Line { v0: vec4f, v1: vec4f, v2: vec4f }

//: if M === 4
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
//: else
// One column of G's transpose: the points are 0, ±1 and ∞.
fn transform(s0: vec4f, s1: vec4f, s2: vec4f, s3: vec4f) -> Line {
  let even = 0.5 * (s1 + s2);
  return Line(even - s0, 0.5 * (s1 - s2), even + s3);
}
//: end

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * 64u + local.x;
  if (index >= p.quads) { return; }
  //: for t in (M + 2) * (M + 2)
  var s${t} = vec4f();
  //: end
  for (var part = 0u; part < p.parts; part++) {
    let first = part * ${(M + 2) * (M + 2)}u * p.quads + index;
    //: for t in (M + 2) * (M + 2)
    s${t} += s[first + ${t}u * p.quads];
    //: end
  }
  //: for c in M + 2
  let column${c} = transform(
    //: for r in M + 2
    s${r * (M + 2) + c},
    //: end
  );
  //: end
  //: for r in 3
  let row${r} = transform(
    //: for c in M + 2
    column${c}.v${r},
    //: end
  );
  //: for c in 3
  y[${3 * r + c}u * p.quads + index] = row${r}.v${c};
  //: end
  //: end
}
