// y[0] ← y[0] + x[0] by one thread: the least work that still shows that a dispatch has run.

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(1)
fn main() { y[0] += x[0]; }
