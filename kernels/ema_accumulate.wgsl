// The moving sums of a codebook (van den Oord and others 2017, appendix A.1):
// cluster_size[c] ← decay · cluster_size[c] + (1 − decay) · count[c]
// embed_avg[c] ← decay · embed_avg[c] + (1 − decay) · sum[c]
// statistics [codes][quads + 1] has the sums, and the counts in the last quad of each row. embed_avg is [codes][quads],
// cluster_size is [codes].

struct Params { codes: u32, quads: u32, decay: f32, one_minus_decay: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> embed_avg: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> cluster_size: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.codes * p.quads) { return; }
  let code = index / p.quads;
  let quad = index % p.quads;
  let row = code * (p.quads + 1u);
  embed_avg[index] = p.decay * embed_avg[index] + p.one_minus_decay * statistics[row + quad];
  if (quad == 0u) { cluster_size[code] = p.decay * cluster_size[code] + p.one_minus_decay * statistics[row + p.quads].x; }
}
