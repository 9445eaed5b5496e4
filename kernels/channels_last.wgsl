// y[n, h, w, c] = x[start + n, c, h, w]: from the layout of image files to the layout of all other kernels.
// x is [start + images …][channels][pixels], y is [images][pixels][quads]. Padding channels become zero.

struct Params { images: u32, channels: u32, pixels: u32, quads: u32, start: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

fn at(image: u32, channel: u32, pixel: u32) -> f32 {
  let inside = channel < p.channels;
  return select(0.0, x[((p.start + image) * p.channels + select(0u, channel, inside)) * p.pixels + pixel], inside);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.images * p.pixels * p.quads) { return; }
  let channel = index % p.quads * 4u;
  let pixel = index / p.quads % p.pixels;
  let image = index / (p.quads * p.pixels);
  y[index] = vec4f(at(image, channel, pixel), at(image, channel + 1u, pixel), at(image, channel + 2u, pixel), at(image, channel + 3u, pixel));
}
