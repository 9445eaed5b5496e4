// y[n, iy, ix, c] = Σ x[n, oy, ox, c] · share over the windows (oy, ox) that contain (iy, ix), in their order. x is the
// upstream gradient, and share is
//: if MAX
// 1 if the position is the maximum of the window, otherwise 0. pool2d.wgsl describes winners.
//: else
// 1 / the number of positions that the mean of the window counts; see pool2d.wgsl.
//: end
// A thread computes one quad of y. x is [images][out_height][out_width] and y is [images][in_height][in_width], in rows
// as in pool2d.wgsl.

//: use pool2d_interface
//: if MAX
@group(0) @binding(3) var<storage, read> winners: array<u32>;
//: end

// The first window along an axis that contains the position `at` of the padded input.
fn first_window(at: u32, kernel: u32, stride: u32) -> u32 {
  return select(0u, (at - kernel) / stride + 1u, at >= kernel);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
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
      //: use counted_places
      sum += upstream / f32(counted_y * counted_x);
//: end
    }
  }
  y[position * p.y_row + p.y_first + quad] = sum;
}
