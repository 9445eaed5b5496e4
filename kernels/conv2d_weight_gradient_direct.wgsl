// The gradient of a convolution's weight from registers alone, without subgroups and without workgroup memory.
// parts/weight_gradient_interface.wgsl has the formula, the layouts and the list of variants.
//
// A thread computes UNITS units by QUADS quads of output channels over a chunk of positions. With one of each this is
// the plain sum, which the other kernels are checked against.

//: use weight_gradient_interface

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use workgroup_index
  if (tile >= p.tiles) { return; }
  let columns = (p.out_quads + ${QUADS - 1}u) / ${QUADS}u;
  let units = p.kernel_height * p.kernel_width * p.in_quads;
  let unit_groups = (units + ${UNITS - 1}u) / ${UNITS}u;
  let own = (tile % p.row_tiles) * 64u + thread;
  if (own >= unit_groups * columns) { return; }
  let part = tile / p.row_tiles;
  let first_quad = own % columns * ${QUADS}u;
  let first_unit = own / columns * ${UNITS}u;

  //: for u in UNITS
  let unit${u} = min(first_unit + ${u}u, units - 1u);
  let tap${u} = unit${u} / p.in_quads;
  let channel${u} = unit${u} % p.in_quads;
  //: use tap_offset with n = ${u}
  //: use channel_coefficients with scale = scale${u}; shift = shift${u}; at = channel${u}
  //: for e in 4
  //: for q in QUADS
  var sum${u}_${e}_${q} = vec4f();
  //: end
  //: end
  //: end
  //: for q in QUADS
  let quad${q} = min(first_quad + ${q}u, p.out_quads - 1u);
  //: end

  let end = min(p.images * p.out_height * p.out_width, (part + 1u) * p.chunk);
  for (var position = part * p.chunk; position < end; position++) {
    let left = i32(position % p.out_width * p.stride_x);
    let top = i32(position / p.out_width % p.out_height * p.stride_y);
    let image = position / (p.out_width * p.out_height) * p.in_height;
    //: for q in QUADS
    let d${q} = d[position * p.d_row + p.d_first + quad${q}];
    //: end
    //: for u in UNITS
    {
      let ix = u32(left + offset_x${u});
      let iy = u32(top + offset_y${u});
      let inside = ix < p.in_width && iy < p.in_height;
      var a = x[select(0u, ((image + iy) * p.in_width + ix) * p.x_row + p.x_first + channel${u}, inside)];
      //: use normalise_in_place with value = a; scale = scale${u}; shift = shift${u}
      a *= select(0.0, 1.0, inside);
      //: for e in 4
      //: for q in QUADS
      sum${u}_${e}_${q} = fma(vec4f(a[${e}]), d${q}, sum${u}_${e}_${q});
      //: end
      //: end
    }
    //: end
  }

  //: for u in UNITS
  if (first_unit + ${u}u < units) {
    let at = ((p.first_part + part) * units + unit${u}) * 4u * p.out_quads;
    //: for q in QUADS
    if (first_quad + ${q}u < p.out_quads) {
      //: for e in 4
      y[at + ${e}u * p.out_quads + quad${q}] = sum${u}_${e}_${q};
      //: end
    }
    //: end
  }
  //: end
}
