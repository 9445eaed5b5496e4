// ring[slot, part, i] = x[i]: keeps a tensor of a step, or a part of it, until it is read.
// step[2] is the slot, x is [quads], ring is [slots][parts][quads].

struct Params { quads: u32, part: u32, parts: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> ring: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  //: use thread_index with name = i; thread = lane
  if (i < p.quads) { ring[(u32(step[2]) * p.parts + p.part) * p.quads + i] = x[i]; }
}
