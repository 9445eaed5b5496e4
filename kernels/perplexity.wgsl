// y = exp(−Σ q ln q), q[c] = count[c] / Σ count: the effective number of codes in use.
// statistics [codes][quads + 1] has the counts in the last quad of each row. y is one quad.

struct Params { codes: u32, quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

// x: counts; y: count · ln(count). One pass is enough, since the entropy is ln n − Σ count ln count / n.
var<workgroup> sums: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u) {
  var sum = vec2f();
  for (var code = local.x; code < p.codes; code += 64u) {
    let count = statistics[code * (p.quads + 1u) + p.quads].x;
    sum += vec2f(count, select(0.0, count * log(max(count, 1.0)), count > 0.0));
  }
  //: use tree_sum
  if (local.x == 0u) {
    let n = max(sums[0].x, 1.0);
    y[0] = vec4f(exp(log(n) - sums[0].y / n), 0.0, 0.0, 0.0);
  }
}
