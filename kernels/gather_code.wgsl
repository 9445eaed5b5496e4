// y[position, d] = codes[code[position], d]. code is [positions], codes is [codes][quads], y is [positions][quads].

struct Params { positions: u32, quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> code: array<u32>;
@group(0) @binding(2) var<storage, read> codes: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
${EPILOGUE_BINDINGS}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.positions * p.quads) { return; }
  var value = codes[code[index / p.quads] * p.quads + index % p.quads];
  ${EPILOGUE}
  y[index] = value;
}
