// y[p, c] = x[p, c] · scale[c] + shift[c], with RELU max(…, 0).
// x [positions] is rows of x_row quads; the tensor's own quads begin at x_first of each row. coefficients is
// [4][quads], of which scale and shift are the first two rows. y is [positions][quads].

struct Params { positions: u32, quads: u32, x_row: u32, x_first: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> coefficients: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.positions * p.quads) { return; }
  let quad = index % p.quads;
  let value = fma(x[index / p.quads * p.x_row + p.x_first + quad], coefficients[quad], coefficients[p.quads + quad]);
  //: if RELU
  y[index] = max(value, vec4f());
  //: else
  y[index] = value;
  //: end
}
