// y[i] = Σ_k s_k, where CHAINS independent values s_k start at k and go through `rounds` times UNROLL rounds of
// s_k ← s_k · factor + x[i]. The multiply-adds never leave the registers: the adapter's ceiling for arithmetic.
// x and y are [quads].

struct Params { quads: u32, rounds: u32, factor: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * 64u + local.x;
  if (index >= p.quads) { return; }
  let addend = x[index];
  let factor = vec4f(p.factor);
  //: for k in CHAINS
  var s${k} = vec4f(${k}.0);
  //: end
  for (var round = 0u; round < p.rounds; round++) {
    //: for u in UNROLL
    //: for k in CHAINS
    s${k} = fma(s${k}, factor, addend);
    //: end
    //: end
  }
  var sum = vec4f();
  //: for k in CHAINS
  sum += s${k};
  //: end
  y[index] = sum;
}
