// y[i] = factor · x for every element except padding: the gradient of a sum. x is a scalar, y is [rows][quads_in_row].

struct Params { quads_in_row: u32, channels: u32, quads: u32, factor: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.quads) { return; }
  let channel = index % p.quads_in_row * 4u + vec4u(0u, 1u, 2u, 3u);
  y[index] = select(vec4f(), vec4f(p.factor * x[0]), channel < vec4u(p.channels));
}
