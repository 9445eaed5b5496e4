// Applies the fused operations on single elements to a finished sum, which is the quad `index` of the output.
fn finish(sum: vec4f, index: u32) -> vec4f {
  var value = sum;
  ${EPILOGUE}
  return value;
}
