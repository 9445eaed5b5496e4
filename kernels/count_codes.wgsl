// usage[c] ← usage[c] + count[c]: how often each code was chosen since the counters were last cleared.
// statistics [codes][quads + 1] has the counts in the last quad of each row. usage is [codes].

struct Params { codes: u32, quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> usage: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index with name = code
  if (code < p.codes) { usage[code] += u32(statistics[code * (p.quads + 1u) + p.quads].x); }
}
