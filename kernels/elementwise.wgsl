// y[i] = f(x[i], …) for a chain of operations on single elements. x, y and the operands of the chain are [quads].

struct Params { quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
${EPILOGUE_BINDINGS}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use thread_index
  if (index >= p.quads) { return; }
  var value = x[index];
  ${EPILOGUE}
  y[index] = value;
}
