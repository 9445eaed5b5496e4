// y[p, c] = (d[0, c] + 2 · (x[p, c] − m[0, c]) · d[1, c]) / N, with ADD added to y: the gradient of mean and variance.
// `factor` is 1 / N. x and y [positions], d and m [2] are rows of x_row, y_row, d_row and m_row quads; the tensors' own
// quads begin at x_first, y_first, d_first and m_first of each row.

struct Params {
  positions: u32, quads: u32,
  x_row: u32, x_first: u32, y_row: u32, y_first: u32, d_row: u32, d_first: u32, m_row: u32, m_first: u32, factor: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> d: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> m: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.positions * p.quads) { return; }
  let quad = index % p.quads;
  let position = index / p.quads;
  let deviation = x[position * p.x_row + p.x_first + quad] - m[p.m_first + quad];
  let value = (d[p.d_first + quad] + 2.0 * deviation * d[p.d_row + p.d_first + quad]) * p.factor;
  let at = position * p.y_row + p.y_first + quad;
  //: if ADD
  y[at] += value;
  //: else
  y[at] = value;
  //: end
}
