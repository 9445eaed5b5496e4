// y[i] = Σ x[part · quads + i] over the parts: the second half of every split sum.
// x [parts][quads], y [quads]. LINES threads share the parts of a quad, and what they come to is added up in their order.

struct Params { parts: u32, quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
${EPILOGUE_BINDINGS}
//: if LINES > 1

var<workgroup> sums: array<vec4f, ${COLUMNS * LINES}>;
//: end

@compute @workgroup_size(${COLUMNS}, ${LINES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * ${COLUMNS}u + local.x;
  var value = vec4f();
  //: if LINES > 1
  let column = min(index, p.quads - 1u);
  for (var part = local.y; part < p.parts; part += ${LINES}u) { value += x[part * p.quads + column]; }
  sums[local.y * ${COLUMNS}u + local.x] = value;
  workgroupBarrier();
  if (local.y > 0u || index >= p.quads) { return; }
  for (var row = 1u; row < ${LINES}u; row++) { value += sums[row * ${COLUMNS}u + local.x]; }
  //: else
  if (index >= p.quads) { return; }
  for (var part = 0u; part < p.parts; part++) { value += x[part * p.quads + index]; }
  //: end
  ${EPILOGUE}
  y[index] = value;
}
