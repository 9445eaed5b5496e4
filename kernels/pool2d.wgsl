// y[n, oy, ox, c] = the maximum (MAX) or the mean of x[n, iy, ix, c] over the window at (oy, ox). A thread computes one
// quad of y. x [images][in_height][in_width] is rows of x_row quads and y [images][out_height][out_width] is rows of
// y_row quads; the tensors' own quads begin at x_first and y_first of each row.
//: if MAX
// The first of equal maxima in row-major order wins, and a NaN wins over everything, as in PyTorch.
// winners [images][out_height][out_width][quads] holds the winner's index in its window, one byte for each channel.
//: else
// The mean counts the positions of the padded input from low to high, padding included.
//: end

//: use pool2d_interface
//: if WINNERS
@group(0) @binding(3) var<storage, read_write> winners: array<u32>;
//: end

//: if MAX
fn is_nan(value: vec4f) -> vec4<bool> { return (bitcast<vec4u>(value) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); }
//: end

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.images * p.out_height * p.out_width * p.quads) { return; }
  let quad = index % p.quads;
  let position = index / p.quads;
  let image = position / (p.out_width * p.out_height);
  // The window's corner and the part of the window that lies on the input, in coordinates of the padded input.
  let top = position / p.out_width % p.out_height * ${STRIDE_Y}u;
  let left = position % p.out_width * ${STRIDE_X}u;
  let begin_y = max(top, p.pad_y);
  let end_y = min(top + ${KERNEL_HEIGHT}u, p.pad_y + p.in_height);
  let begin_x = max(left, p.pad_x);
  let end_x = min(left + ${KERNEL_WIDTH}u, p.pad_x + p.in_width);
//: if MAX
  let corner = (image * p.in_height + begin_y - p.pad_y) * p.in_width + begin_x - p.pad_x;
  var result = x[corner * p.x_row + p.x_first + quad];
//: if WINNERS
  var winner = vec4u((begin_y - top) * ${KERNEL_WIDTH}u + begin_x - left);
//: end
//: else
  var result = vec4f();
//: end
  for (var at_y = begin_y; at_y < end_y; at_y++) {
    let row = (image * p.in_height + at_y - p.pad_y) * p.in_width - p.pad_x;
    for (var at_x = begin_x; at_x < end_x; at_x++) {
      let value = x[(row + at_x) * p.x_row + p.x_first + quad];
//: if MAX
      let wins = (value > result) | is_nan(value);
      result = select(result, value, wins);
//: if WINNERS
      winner = select(winner, vec4u((at_y - top) * ${KERNEL_WIDTH}u + at_x - left), wins);
//: end
//: else
      result += value;
//: end
    }
  }
//: if WINNERS
  winners[index] = dot(winner, vec4u(1u, 0x100u, 0x10000u, 0x1000000u));
//: end
//: if !MAX
  //: use counted_places
  result /= f32(counted_y * counted_x);
//: end
  y[position * p.y_row + p.y_first + quad] = result;
}
