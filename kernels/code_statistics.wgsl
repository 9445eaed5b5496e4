// y[s, c, d] = Σ x[position, d] and, in one quad more, y[s, c, D] = the number of positions, both over the positions of chunk s whose
// code is c. Each workgroup looks for one code in one chunk, in the order of the positions: no atomics and no one-hot
// matrix, and the same sum each time.
// code [positions, in fours], x [positions][quads], y [chunks][codes][quads + 1].

struct Params { positions: u32, codes: u32, quads: u32, chunk: u32, tiles: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> code: array<vec4u>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let tile = group.y * groups.x + group.x;
  if (tile >= p.tiles) { return; }
  let wanted = tile % p.codes;
  let part = tile / p.codes;
  let end = min(p.positions, (part + 1u) * p.chunk);
  for (var first = 0u; first < p.quads; first += ${THREADS}u) {
    let quad = min(first + local.x, p.quads - 1u);
    var sum = vec4f();
    var count = 0u;
    for (var position = part * p.chunk; position < end; position += 4u) {
      let found = code[position / 4u] == vec4u(wanted);
      if (any(found)) {
        //: for e in 4
        if (found[${e}] && position + ${e}u < end) { sum += x[(position + ${e}u) * p.quads + quad]; count++; }
        //: end
      }
    }
    let row = tile * (p.quads + 1u);
    if (first + local.x < p.quads) { y[row + quad] = sum; }
    if (first + local.x == 0u) { y[row + p.quads] = vec4f(f32(count), 0.0, 0.0, 0.0); }
  }
}
