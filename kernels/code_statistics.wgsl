// For each chunk s of positions and each code c:
// y[s, c, d] = Σ x[position, d] over the positions whose code is c,
// and in one quad more, y[s, c, D] = the number of these positions.
//
// code is [positions, in fours], x is [positions][quads], y is [chunks][codes][quads + 1].
//
// A thread owns one column of one chunk of y. It clears the column and goes through the positions in order, adding each
// to the row of its code. No two threads write to the same place, so the sums need no atomics and are always the same.

struct Params { positions: u32, codes: u32, quads: u32, chunk: u32, column_tiles: u32, tiles: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> code: array<vec4u>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(8)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use workgroup_index
  let column = tile % p.column_tiles * 8u + local.x;
  let part = tile / p.column_tiles;
  if (tile >= p.tiles || column > p.quads) { return; }
  let width = p.quads + 1u;
  let first = part * p.codes * width + column;
  for (var row = 0u; row < p.codes; row++) { y[first + row * width] = vec4f(); }
  // The last column counts.
  let counts = column == p.quads;
  let quad = min(column, p.quads - 1u);
  let end = min(p.positions, (part + 1u) * p.chunk);
  for (var position = part * p.chunk; position < end; position += 4u) {
    let found = code[position / 4u];
    //: for e in 4
    if (position + ${e}u < end) {
      y[first + found[${e}] * width] += select(x[(position + ${e}u) * p.quads + quad], vec4f(1.0, 0.0, 0.0, 0.0), counts);
    }
    //: end
  }
}
