// y[i] = Σ x[part · quads + i] over the parts: the second step of every split sum.
// x is [parts][quads], y is [quads]. LINES threads share the parts of a quad; their sums are added up in a fixed order.
//
// ROWS: y is rows of y_row quads; the tensor's own row_quads begin at y_first of each row. BIAS: bias [row_quads] is
// added to each row.

struct Params {
  parts: u32, quads: u32,
  //: if ROWS
  row_quads: u32, y_row: u32, y_first: u32,
  //: end
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
//: if BIAS
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
//: end
${EPILOGUE_BINDINGS}
//: if LINES > 1

var<workgroup> sums: array<vec4f, ${COLUMNS * LINES}>;
//: end

@compute @workgroup_size(${COLUMNS}, ${LINES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index with threads = ${COLUMNS}
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
  //: if BIAS
  value += bias[index % p.row_quads];
  //: end
  ${EPILOGUE}
  //: if ROWS
  y[index / p.row_quads * p.y_row + p.y_first + index % p.row_quads] = value;
  //: else
  y[index] = value;
  //: end
}
