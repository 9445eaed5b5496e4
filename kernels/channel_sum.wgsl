// y[s, c] = Σ x[position, c] over the positions of chunk s: the gradient of a convolution's bias.
// x is [positions][quads], y is [chunks][quads]. A workgroup sums 8 quads over one chunk, LINES positions at a time.

struct Params { positions: u32, quads: u32, chunk: u32, column_tiles: u32, tiles: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

var<workgroup> sums: array<vec4f, ${8 * LINES}>;

@compute @workgroup_size(8, ${LINES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use chunk_tile
  let column = min(quad, p.quads - 1u);
  let end = min(p.positions, (part + 1u) * p.chunk);
  var sum = vec4f();
  for (var position = part * p.chunk + local.y; position < end; position += ${LINES}u) { sum += x[position * p.quads + column]; }
  sums[local.y * 8u + local.x] = sum;
  workgroupBarrier();
  if (local.y == 0u && quad < p.quads) {
    //: use sum_lines
    y[part * p.quads + quad] = total;
  }
}
