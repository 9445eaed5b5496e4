// The gradient of y = x · scale + shift for x, with RELU only where y is positive, and the sums over a chunk of
// positions that the gradients for γ, β and the moments need:
// y[p, c] = d[p, c] · scale[c], with ADD added to y,
// partial[s, 0, c] = Σ d[p, c], partial[s, 1, c] = Σ d[p, c] · x̂[p, c], where x̂ = (x − mean) · reciprocal.
//
// WHOLE: there is only one chunk, and normalise_finish turns its sums into gradients in the same dispatch.
//
// d, x and y [positions] are rows of d_row, x_row and y_row quads; the tensors' own quads begin at d_first, x_first and
// y_first of each row. coefficients [4][quads] has the rows scale, shift, mean and reciprocal. partial is
// [chunks][2][quads]. A workgroup takes 8 quads of one chunk, LINES positions at a time.

struct Params {
  positions: u32, quads: u32, chunk: u32, column_tiles: u32, tiles: u32,
  d_row: u32, d_first: u32, x_row: u32, x_first: u32, y_row: u32, y_first: u32,
  //: if WHOLE
  m_row: u32, m_first: u32,
  //: end
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> d: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> coefficients: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
//: if WHOLE
@group(0) @binding(5) var<storage, read_write> moments: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> gamma: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> beta: array<vec4f>;
//: else
@group(0) @binding(5) var<storage, read_write> partial: array<vec4f>;
//: end

var<workgroup> plain_sums: array<vec4f, ${8 * LINES}>;
var<workgroup> weighted_sums: array<vec4f, ${8 * LINES}>;

@compute @workgroup_size(8, ${LINES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use chunk_tile
  let column = min(quad, p.quads - 1u);
  let scale = coefficients[column];
  let shift = coefficients[p.quads + column];
  let mean = coefficients[2u * p.quads + column];
  let reciprocal = coefficients[3u * p.quads + column];
  var plain = vec4f();
  var weighted = vec4f();
  let end = min(p.positions, (part + 1u) * p.chunk);
  for (var position = part * p.chunk + local.y; position < end; position += ${LINES}u) {
    let value = x[position * p.x_row + p.x_first + column];
    var upstream = d[position * p.d_row + p.d_first + column];
    //: if RELU
    upstream = select(vec4f(), upstream, fma(value, scale, shift) > vec4f());
    //: end
    plain += upstream;
    weighted = fma(upstream, (value - mean) * reciprocal, weighted);
    if (quad < p.quads) {
      let at = position * p.y_row + p.y_first + quad;
      //: if ADD
      y[at] = fma(upstream, scale, y[at]);
      //: else
      y[at] = upstream * scale;
      //: end
    }
  }
  plain_sums[local.y * 8u + local.x] = plain;
  weighted_sums[local.y * 8u + local.x] = weighted;
  workgroupBarrier();
  if (local.y == 0u && quad < p.quads) {
    //: use sum_two_lines with first_total = plain_total; first_sums = plain_sums; second_total = weighted_total; second_sums = weighted_sums
    //: if WHOLE
    finish(quad, plain_total, weighted_total);
    //: else
    partial[2u * part * p.quads + quad] = plain_total;
    partial[(2u * part + 1u) * p.quads + quad] = weighted_total;
    //: end
  }
}
//: if WHOLE

//: use normalise_finish
//: end
