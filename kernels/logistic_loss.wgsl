// y = Σ positive · min(softplus(−x), 100) + negative · min(softplus(x), 100), where softplus(x) = ln(1 + exp(x))
//
// This is the cross-entropy between sigmoid(x) and a label. Both weights are zero where x is padding or has no label.
// x, positive and negative are [quads]; y is one quad. A single workgroup adds up in a fixed order.

struct Params { quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> positive: array<vec4f>;
@group(0) @binding(3) var<storage, read> negative: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

// ln(1 + e) for 0 ≤ e ≤ 1, as 2 artanh(e / (2 + e)). Adding e to one would lose the digits of a small e, and WGSL
// allows its logarithm an error of 2⁻²¹. Since e / (2 + e) ≤ 1/3, the first term left out is less than 2⁻²⁹ of the sum.
fn log_one_plus(e: vec4f) -> vec4f {
  let s = e / (2.0 + e);
  let q = s * s;
  return 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q * (1.0 / 13.0 + q / 15.0)))))));
}

// Unlike min(), the comparison keeps a NaN, so that a diverged run is noticed.
fn clamped(loss: vec4f) -> vec4f { return select(loss, vec4f(100.0), loss > vec4f(100.0)); }

var<workgroup> sums: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u) {
  var sum = vec4f();
  for (var i = local.x; i < p.quads; i += 64u) {
    let value = x[i];
    let shared_part = log_one_plus(exp(-abs(value)));
    sum += positive[i] * clamped(max(-value, vec4f()) + shared_part) + negative[i] * clamped(max(value, vec4f()) + shared_part);
  }
  //: use tree_sum
  if (local.x == 0u) { y[0] = vec4f(sums[0].x + sums[0].y + sums[0].z + sums[0].w, 0.0, 0.0, 0.0); }
}
