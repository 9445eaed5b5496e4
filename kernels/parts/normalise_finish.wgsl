// From a layer's sums Σ d and Σ d · x̂ its gradients: β's and γ's are these, ∂mean = −scale · Σ d and
// ∂variance = −½ · scale · reciprocal · Σ d · x̂, both added to what is there if ADD_MOMENTS. The end of normalise_gradient and normalise_sums,
// whose coefficients these are; moments [2] rows of m_row quads, the layer's own from m_first on; gamma, beta [quads].
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
