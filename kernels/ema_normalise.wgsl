// embed[c] ← embed_avg[c] / size[c],
// size[c] = (cluster_size[c] + epsilon) / (n + codes · epsilon) · n with n = Σ cluster_size
//
// This Laplace smoothing keeps the division safe for codes without members. Each workgroup computes n itself, in a
// fixed order. embed_avg and embed are [codes][quads], cluster_size is [codes].

struct Params { codes: u32, quads: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> embed_avg: array<vec4f>;
@group(0) @binding(2) var<storage, read> cluster_size: array<f32>;
@group(0) @binding(3) var<storage, read_write> embed: array<vec4f>;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  var sum = 0.0;
  for (var code = local.x; code < p.codes; code += 64u) { sum += cluster_size[code]; }
  //: use tree_sum
  let total = sums[0];
  //: use thread_index
  if (index >= p.codes * p.quads) { return; }
  let size = (cluster_size[index / p.quads] + p.epsilon) / (total + f32(p.codes) * p.epsilon) * total;
  embed[index] = embed_avg[index] / size;
}
