// Mean and variance of each channel over all positions: y[0, c] = Σ x[p, c] / N, y[1, c] = Σ (x[p, c] − mean)² / N.
// PARTIAL: the positions are split, and each chunk stores its own mean and its sum of squares about that mean, for
// merge_moments. x [positions] is rows of x_row quads and y [chunks][2] is rows of y_row quads; the tensors' own quads
// begin at x_first and y_first of each row.
//
// A workgroup takes 8 quads of one chunk, LINES positions at a time. It subtracts the chunk's first value from all
// values, so that a large mean does not swamp the squares.

struct Params {
  positions: u32, quads: u32, chunk: u32, column_tiles: u32, tiles: u32,
  x_row: u32, x_first: u32, y_row: u32, y_first: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

var<workgroup> sums: array<vec4f, ${8 * LINES}>;
var<workgroup> squares: array<vec4f, ${8 * LINES}>;

@compute @workgroup_size(8, ${LINES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use chunk_tile
  let column = p.x_first + min(quad, p.quads - 1u);
  let begin = part * p.chunk;
  let end = min(p.positions, begin + p.chunk);
  let origin = x[begin * p.x_row + column];
  var sum = vec4f();
  var square = vec4f();
  for (var position = begin + local.y; position < end; position += ${LINES}u) {
    let difference = x[position * p.x_row + column] - origin;
    sum += difference;
    square = fma(difference, difference, square);
  }
  sums[local.y * 8u + local.x] = sum;
  squares[local.y * 8u + local.x] = square;
  workgroupBarrier();
  if (local.y == 0u && quad < p.quads) {
    //: use sum_two_lines with first_total = total; first_sums = sums; second_total = total_square; second_sums = squares
    let count = f32(end - begin);
    let mean = total / count;
    let about_mean = max(total_square - total * mean, vec4f());
    let at = 2u * part * p.y_row + p.y_first + quad;
    y[at] = origin + mean;
    //: if PARTIAL
    y[at + p.y_row] = about_mean;
    //: else
    y[at + p.y_row] = about_mean / count;
    //: end
  }
}
