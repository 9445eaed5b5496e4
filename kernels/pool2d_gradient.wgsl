// y[n, iy, ix, c] = Σ over the windows that (iy, ix) lies in, in their order, of upstream x[n, oy, ox, c] · share, where share is
//: if MAX
// one where the position won its window and else zero. winners: see pool2d.wgsl.
//: else
// one divided by the number of places that the window's mean counts; see pool2d.wgsl.
//: end
// A thread a quad of y. x [images][out_height][out_width], y [images][in_height][in_width], in rows as in pool2d.wgsl.

struct Params {
  images: u32, quads: u32, in_height: u32, in_width: u32, out_height: u32, out_width: u32,
  pad_y: u32, pad_x: u32, x_row: u32, x_first: u32, y_row: u32, y_first: u32,
//: if !MAX
  low_y: u32, high_y: u32, low_x: u32, high_x: u32,
//: end
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
//: if MAX
@group(0) @binding(3) var<storage, read> winners: array<u32>;
//: end

// The first window along an axis that reaches the padded input's place `at`.
fn first_window(at: u32, kernel: u32, stride: u32) -> u32 {
  return select(0u, (at - kernel) / stride + 1u, at >= kernel);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * 64u + local.x;
  if (index >= p.images * p.in_height * p.in_width * p.quads) { return; }
  let quad = index % p.quads;
  let position = index / p.quads;
  let image = position / (p.in_width * p.in_height);
  let at_y = position / p.in_width % p.in_height + p.pad_y;
  let at_x = position % p.in_width + p.pad_x;
  let end_y = min(at_y / ${STRIDE_Y}u + 1u, p.out_height);
  let end_x = min(at_x / ${STRIDE_X}u + 1u, p.out_width);
  var sum = vec4f();
  for (var oy = first_window(at_y, ${KERNEL_HEIGHT}u, ${STRIDE_Y}u); oy < end_y; oy++) {
    let top = oy * ${STRIDE_Y}u;
    for (var ox = first_window(at_x, ${KERNEL_WIDTH}u, ${STRIDE_X}u); ox < end_x; ox++) {
      let left = ox * ${STRIDE_X}u;
      let window = (image * p.out_height + oy) * p.out_width + ox;
      let upstream = x[window * p.x_row + p.x_first + quad];
//: if MAX
      let winner = (vec4u(winners[window * p.quads + quad]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(0xffu);
      let own = (at_y - top) * ${KERNEL_WIDTH}u + at_x - left;
      sum += select(vec4f(), upstream, winner == vec4u(own));
//: else
      let counted_y = min(top + ${KERNEL_HEIGHT}u, p.high_y) - max(top, p.low_y);
      let counted_x = min(left + ${KERNEL_WIDTH}u, p.high_x) - max(left, p.low_x);
      sum += upstream / f32(counted_y * counted_x);
//: end
    }
  }
  y[position * p.y_row + p.y_first + quad] = sum;
}
