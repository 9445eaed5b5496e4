// The step of Adam for gradients of a loss that was multiplied by `scale`, and the next scale. If no gradient
// overflowed (non_finite is zero):
//   y = [rate, root factor, 1 / scale, 0] with rate = step[0] / (1 − β₁ᵗ) and root factor = 1 / √(1 − β₂ᵗ),
//   corrections, which hold 1 − β₁ᵗ and 1 − β₂ᵗ for the t steps taken, move by c ← β · c + (1 − β),
//   and scale is multiplied by `growth` after every `interval` steps in a row without an overflow.
// Otherwise y is zero, which makes Adam change nothing, and scale is multiplied by `backoff`.

struct Params { beta1: f32, beta2: f32, one_minus_beta1: f32, one_minus_beta2: f32, growth: f32, backoff: f32, interval: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<f32>;
@group(0) @binding(2) var<storage, read> non_finite: array<f32>;
@group(0) @binding(3) var<storage, read_write> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> good_steps: array<f32>;
@group(0) @binding(5) var<storage, read_write> corrections: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(1)
fn main() {
  if (non_finite[0] != 0.0) {
    y[0] = vec4f();
    scale[0] *= p.backoff;
    good_steps[0] = 0.0;
    return;
  }
  let first = p.beta1 * corrections[0] + p.one_minus_beta1;
  let second = p.beta2 * corrections[1] + p.one_minus_beta2;
  corrections[0] = first;
  corrections[1] = second;
  y[0] = vec4f(step[0] / first, 1.0 / sqrt(second), 1.0 / scale[0], 0.0);
  let good = good_steps[0] + 1.0;
  let grows = good >= p.interval;
  good_steps[0] = select(good, 0.0, grows);
  scale[0] *= select(1.0, p.growth, grows);
}
