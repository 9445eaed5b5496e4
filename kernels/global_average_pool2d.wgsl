// y[n, c] = the mean of x[n, position, c] over the positions. x [images][positions] is rows of x_row quads and
// y [images] is rows of y_row quads; the tensors' own quads begin at x_first and y_first of each row.
//
// A workgroup takes 8 quads of one image, LINES positions at a time.

struct Params { images: u32, positions: u32, quads: u32, column_tiles: u32, x_row: u32, x_first: u32, y_row: u32, y_first: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

var<workgroup> sums: array<vec4f, ${8 * LINES}>;

@compute @workgroup_size(8, ${LINES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use workgroup_index
  if (tile >= p.column_tiles * p.images) { return; }
  let image = tile / p.column_tiles;
  let quad = tile % p.column_tiles * 8u + local.x;
  let column = p.x_first + min(quad, p.quads - 1u);
  var sum = vec4f();
  for (var position = local.y; position < p.positions; position += ${LINES}u) {
    sum += x[(image * p.positions + position) * p.x_row + column];
  }
  sums[local.y * 8u + local.x] = sum;
  workgroupBarrier();
  if (local.y == 0u && quad < p.quads) {
    //: use sum_lines
    y[image * p.y_row + p.y_first + quad] = total / f32(p.positions);
  }
}
