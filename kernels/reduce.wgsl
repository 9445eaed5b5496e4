// y[g] = factor · Σ TERM over the quads i that workgroup g visits. TERM is, for example, a[i] or (a[i] − b[i])².
// The workgroup adds up in a fixed order. a and b are [quads]; y is [workgroups], with the sum as the first of four
// values.

struct Params { quads: u32, factor: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
//: if SECOND
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
//: end

var<workgroup> sums: array<vec4f, ${THREADS}>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  var sum = vec4f();
  for (var i = group.x * ${THREADS}u + local.x; i < p.quads; i += groups.x * ${THREADS}u) { sum += ${TERM}; }
  //: use tree_sum with half = ${THREADS / 2}
  if (local.x == 0u) { y[group.x] = vec4f(p.factor * (sums[0].x + sums[0].y + sums[0].z + sums[0].w), 0.0, 0.0, 0.0); }
}
