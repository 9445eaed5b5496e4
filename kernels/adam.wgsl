// Adam (Kingma and Ba 2015, algorithm 1) over all parameters at once:
// g ← g + weight_decay · w  (L2 regularisation, added to the gradient; zero turns it off),
// m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  w ← w − rate · m / (√v · scale + ε)
//
// The step provides rate = lr / (1 − β₁ᵗ) in step[0] and scale = 1 / √(1 − β₂ᵗ) in step[1]. Gradient, parameter and
// both moments are [quads]. 1 − β is computed on the host: for β₂ = 0.999 a float32 difference has only five correct
// digits.
//
// SCALED: the gradient is multiplied by step[2], the reciprocal of the loss scale. If that is zero, nothing changes.

struct Params { quads: u32, beta1: f32, beta2: f32, one_minus_beta1: f32, one_minus_beta2: f32, epsilon: f32, weight_decay: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> parameter: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> first_moment: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> second_moment: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index with name = i
  if (i >= p.quads) { return; }
  //: if SCALED
  if (step[2] == 0.0) { return; }
  let unscaled = gradient[i] * step[2];
  //: else
  let unscaled = gradient[i];
  //: end
  let g = unscaled + p.weight_decay * parameter[i];
  let m = p.beta1 * first_moment[i] + p.one_minus_beta1 * g;
  let v = p.beta2 * second_moment[i] + p.one_minus_beta2 * g * g;
  first_moment[i] = m;
  second_moment[i] = v;
  parameter[i] -= step[0] * m / (sqrt(v) * step[1] + p.epsilon);
}
