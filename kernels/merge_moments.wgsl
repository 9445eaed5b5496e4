// Mean and variance of all positions from those of chunks (Chan, Golub and LeVeque 1979):
// mean = Σ nᵢ·meanᵢ / N,
// variance = Σ (squaresᵢ + nᵢ·(meanᵢ − mean)²) / N
//
// x is [parts][2][quads]: for each chunk its mean and the sum of squares about it. y is two rows of y_row quads; the
// tensor's own quads begin at y_first of each row.
//
// A workgroup takes 8 quads. LINES threads share the parts of each quad in a fixed order.

struct Params { positions: u32, quads: u32, chunk: u32, parts: u32, y_row: u32, y_first: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

var<workgroup> sums: array<vec4f, ${8 * LINES}>;

fn count_of(part: u32) -> f32 { return f32(min(p.positions, (part + 1u) * p.chunk) - part * p.chunk); }

@compute @workgroup_size(8, ${LINES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let quad = group.x * 8u + local.x;
  let column = min(quad, p.quads - 1u);
  var sum = vec4f();
  for (var part = local.y; part < p.parts; part += ${LINES}u) { sum += count_of(part) * x[2u * part * p.quads + column]; }
  sums[local.y * 8u + local.x] = sum;
  workgroupBarrier();
  //: use sum_lines with total = mean
  mean /= f32(p.positions);
  workgroupBarrier();
  var square = vec4f();
  for (var part = local.y; part < p.parts; part += ${LINES}u) {
    let difference = x[2u * part * p.quads + column] - mean;
    square += x[(2u * part + 1u) * p.quads + column] + count_of(part) * difference * difference;
  }
  sums[local.y * 8u + local.x] = square;
  workgroupBarrier();
  if (local.y == 0u && quad < p.quads) {
    //: use sum_lines
    y[p.y_first + quad] = mean;
    y[p.y_row + p.y_first + quad] = total / f32(p.positions);
  }
}
