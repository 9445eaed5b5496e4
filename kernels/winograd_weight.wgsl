// Winograd's convolution, second step: the weights, transformed. See src/ops/winograd.ts for the algorithm.
//
// u[point_y, point_x, pair] = Σ G[point_y, ky] · w[ky, kx, pair] · G[point_x, kx]
//
// over the 3 × 3 taps (REVERSED: the last one first), where a pair is an input with an output channel. w is [taps][quads] and
// u [N·N][quads].

struct Params { quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> u: array<vec4f>;

//: if M === 4
struct Line { v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f, v4: vec4f, v5: vec4f }

// One column of G's product: the points are 0, ±√½, ±√2 and ∞.
fn transform(g0: vec4f, g1: vec4f, g2: vec4f) -> Line {
  let even_near = -0.66666667 * g0 - 0.33333333 * g2;
  let odd_near = -0.47140452 * g1;
  let even_far = 0.16666667 * g0 + 0.33333333 * g2;
  let odd_far = 0.23570226 * g1;
  return Line(g0, even_near + odd_near, even_near - odd_near, even_far + odd_far, even_far - odd_far, g2);
}
//: else
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
  let index = (group.y * groups.x + group.x) * 64u + local.x;
  if (index >= p.quads) { return; }
  //: for t in 9
  let w${t} = w[${REVERSED ? 8 - t : t}u * p.quads + index];
  //: end
  //: for c in 3
  let column${c} = transform(w${c}, w${3 + c}, w${6 + c});
  //: end
  //: for r in M + 2
  let row${r} = transform(column0.v${r}, column1.v${r}, column2.v${r});
  //: for c in M + 2
  u[${r * (M + 2) + c}u * p.quads + index] = row${r}.v${c};
  //: end
  //: end
}
