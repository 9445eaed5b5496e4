// ring[slot, FIRST + k] = value_k for COUNT scalars: keeps the losses of a step until they are read.
// step[2] is the slot, ring is [slots][width].

struct Params { width: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<f32>;
@group(0) @binding(2) var<storage, read_write> ring: array<f32>;
//: for k in COUNT
@group(0) @binding(${3 + k}) var<storage, read> value${k}: array<f32>;
//: end

@compute @workgroup_size(1)
fn main() {
  let row = u32(step[2]) * p.width;
  //: for k in COUNT
  ring[row + ${FIRST + k}u] = value${k}[0];
  //: end
}
