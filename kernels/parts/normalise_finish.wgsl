// Turns a layer's sums Σ d and Σ d · x̂ into its gradients. For β and γ they are these sums. For the mean it is
// −scale · Σ d, and for the variance −½ · scale · reciprocal · Σ d · x̂.
//
// ADD_MOMENTS: the gradients for mean and variance are added to those in memory. moments has two rows of m_row quads;
// the layer's own quads begin at m_first. gamma and beta are [quads].
fn finish(quad: u32, plain: vec4f, weighted: vec4f) {
  beta[quad] = plain;
  gamma[quad] = weighted;
  let scale = coefficients[quad];
  let mean_gradient = -scale * plain;
  let variance_gradient = -0.5 * scale * coefficients[3u * p.quads + quad] * weighted;
  let at = p.m_first + quad;
  //: if ADD_MOMENTS
  moments[at] += mean_gradient;
  moments[at + p.m_row] += variance_gradient;
  //: else
  moments[at] = mean_gradient;
  moments[at + p.m_row] = variance_gradient;
  //: end
}
