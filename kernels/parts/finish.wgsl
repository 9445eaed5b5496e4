// Applies the operations that are fused with the kernel to a finished sum. The sum is quad `index` of the output.
fn finish(sum: vec4f, index: u32) -> vec4f {
  var value = sum;
  ${EPILOGUE}
  return value;
}
