// The coefficients of batch normalisation for each channel, as the four rows of y [4][quads]:
// scale = γ / √(variance + ε), shift = β − mean · scale, mean, and 1 / √(variance + ε).
//
// RUNNING: also moves the running statistics:
// running ← (1 − momentum) · running + momentum · (mean, unbiased · variance)
//
// ROWS: moments has a row of means and a row of variances, each of m_row quads; the layer's own quads begin at m_first.
// Without ROWS, moments (the means) and variance are [quads].

struct Params {
  channels: u32, quads: u32, m_row: u32, m_first: u32, epsilon: f32,
  //: if RUNNING
  momentum: f32, one_minus_momentum: f32, unbiased: f32,
  //: end
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> moments: array<vec4f>;
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read> beta: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
//: if RUNNING
@group(0) @binding(5) var<storage, read_write> running_mean: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> running_variance: array<vec4f>;
//: end
//: if !ROWS
@group(0) @binding(7) var<storage, read> variance: array<vec4f>;
//: end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global: vec3u) {
  let quad = global.x;
  if (quad >= p.quads) { return; }
  let mean = moments[p.m_first + quad];
  //: if ROWS
  let spread = moments[p.m_row + p.m_first + quad];
  //: else
  let spread = variance[quad];
  //: end
  // Padding in the last quad stays zero.
  let exists = vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.channels);
  let reciprocal = select(vec4f(), 1.0 / sqrt(spread + p.epsilon), exists);
  let scale = gamma[quad] * reciprocal;
  y[quad] = scale;
  y[p.quads + quad] = beta[quad] - mean * scale;
  y[2u * p.quads + quad] = mean;
  y[3u * p.quads + quad] = reciprocal;
  //: if RUNNING
  running_mean[quad] = p.one_minus_momentum * running_mean[quad] + p.momentum * mean;
  running_variance[quad] = p.one_minus_momentum * running_variance[quad] + p.momentum * p.unbiased * spread;
  //: end
}
