// Adds up the chunks' sums of normalise_gradient and turns them into the gradients of one layer, by normalise_finish.
// partial is [parts][2][quads], coefficients is [4][quads]. A workgroup takes 8 quads; LINES threads share the parts of
// each quad in a fixed order.

struct Params { quads: u32, parts: u32, m_row: u32, m_first: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> partial: array<vec4f>;
@group(0) @binding(2) var<storage, read> coefficients: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> moments: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> gamma: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> beta: array<vec4f>;

var<workgroup> plain_sums: array<vec4f, ${8 * LINES}>;
var<workgroup> weighted_sums: array<vec4f, ${8 * LINES}>;

@compute @workgroup_size(8, ${LINES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let quad = group.x * 8u + local.x;
  let column = min(quad, p.quads - 1u);
  var plain = vec4f();
  var weighted = vec4f();
  for (var part = local.y; part < p.parts; part += ${LINES}u) {
    plain += partial[2u * part * p.quads + column];
    weighted += partial[(2u * part + 1u) * p.quads + column];
  }
  plain_sums[local.y * 8u + local.x] = plain;
  weighted_sums[local.y * 8u + local.x] = weighted;
  workgroupBarrier();
  if (local.y != 0u || quad >= p.quads) { return; }
  //: use sum_two_lines with first_total = plain_total; first_sums = plain_sums; second_total = weighted_total; second_sums = weighted_sums
  finish(quad, plain_total, weighted_total);
}

//: use normalise_finish
