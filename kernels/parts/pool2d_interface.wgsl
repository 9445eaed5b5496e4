// Params and the common bindings of pooling and of its gradient.
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
