// y[i] = 1 / (1 + exp(−x[i])) for every element except padding, which stays zero. x and y are [rows][quads_in_row].
// The exponential is that of −|x|, which cannot overflow.

struct Params { quads_in_row: u32, channels: u32, quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.quads) { return; }
  let channel = index % p.quads_in_row * 4u + vec4u(0u, 1u, 2u, 3u);
  let value = x[index];
  let power = exp(-abs(value));
  let sigmoid = select(vec4f(1.0), power, value < vec4f()) / (1.0 + power);
  y[index] = select(vec4f(), sigmoid, channel < vec4u(p.channels));
}
