// y[i] = Σ x[part · quads + i] over the parts, in their order: the second half of every split sum.
// x [parts][quads], y [quads].

struct Params { parts: u32, quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
${EPILOGUE_BINDINGS}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * 64u + local.x;
  if (index >= p.quads) { return; }
  var value = vec4f();
  for (var part = 0u; part < p.parts; part++) { value += x[part * p.quads + index]; }
  ${EPILOGUE}
  y[index] = value;
}
