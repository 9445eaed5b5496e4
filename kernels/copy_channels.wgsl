// y[position, to_channel + c] = x[position, from_channel + c] for c < count; the other channels of y from `first` to
// `first + written` become zero. Serves concatenation, slices, and the gradient of a slice.
// x is [positions][in_channels], y is [positions][out_channels]; both widths are multiples of four.

struct Params { positions: u32, in_channels: u32, out_channels: u32, from_channel: u32, to_channel: u32, count: u32, first: u32, written: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.positions * p.written) { return; }
  let channel = p.first + index % p.written;
  let position = index / p.written;
  // Below to_channel the difference wraps around to a large number.
  let copied = channel - p.to_channel;
  let inside = copied < p.count;
  let value = select(0.0, x[position * p.in_channels + p.from_channel + select(0u, copied, inside)], inside);
  y[position * p.out_channels + channel] = value;
}
