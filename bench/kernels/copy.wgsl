// y[i] = x[i], one vec4 a thread: the adapter's ceiling for reading and writing memory. x and y are [quads].

struct Params { quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * 64u + local.x;
  if (index < p.quads) { y[index] = x[index]; }
}
