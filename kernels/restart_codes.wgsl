// A code whose smoothed count is below `threshold` becomes a random row of x. Its moving sums are set as if it had had
// `size` members there, since otherwise the next update would move it back. x is [positions][quads], embed and
// embed_avg are [codes][quads], cluster_size is [codes]; key is the random key of the step.

struct Params { codes: u32, quads: u32, positions: u32, threshold: f32, size: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> key: array<u32>;
@group(0) @binding(3) var<storage, read_write> embed: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> embed_avg: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> cluster_size: array<f32>;

// Gives the same numbers as mix32 of src/random.ts.
fn mix32(value: u32) -> u32 {
  var v = value;
  v = (v ^ (v >> 16u)) * 0x21f0aaadu;
  v = (v ^ (v >> 15u)) * 0x735a2d97u;
  return v ^ (v >> 15u);
}

// One workgroup for each code: the barrier keeps the count unchanged until every thread has read it.
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use workgroup_index with name = code
  let dead = code < p.codes && cluster_size[min(code, p.codes - 1u)] < p.threshold;
  workgroupBarrier();
  if (!dead) { return; }
  let row = mix32(mix32(key[0] ^ 0x9e3779b9u) + code * 0x85ebca6bu) % p.positions;
  for (var quad = local.x; quad < p.quads; quad += 64u) {
    let value = x[row * p.quads + quad];
    embed[code * p.quads + quad] = value;
    embed_avg[code * p.quads + quad] = value * p.size;
  }
  if (local.x == 0u) { cluster_size[code] = p.size; }
}
