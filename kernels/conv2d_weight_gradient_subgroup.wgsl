// The gradient of a convolution's weight, for adapters on which a subgroup broadcast is nearly free.
// parts/weight_gradient_interface.wgsl has the formula, the layouts and the list of variants.
//
// Each lane loads the quads of ROWS units, of its own taps, and broadcasts them to the other lanes; it loads its own
// columns of d. LANES positions are located at a time, one by each lane. There are far more sums than registers, so
// each sum takes the products of STEP positions while it is in a register.
//
// POINTWISE: each output position reads the input position with the same coordinates, so none has to be located.
//: use enable_subgroups

//: use weight_gradient_interface

@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = local.x;
  //: use product_tile
  let part = tile / (p.column_tiles * p.row_tiles);
  let units = p.kernel_height * p.kernel_width * p.in_quads;

  //: for r in ROWS
  let unit${r} = min((row_tile * ${ROWS}u + ${r}u) * ${LANES}u + lane, units - 1u);
  let channel${r} = unit${r} % p.in_quads;
  let tap${r} = unit${r} / p.in_quads;
  //: use channel_coefficients with scale = scale${r}; shift = shift${r}; at = channel${r}
  //: use tap_offset with n = ${r}
  //: for i in LANES * 4
  //: for q in QUADS
  var sum${r}_${i}_${q} = vec4f();
  //: end
  //: end
  //: end
  //: for q in QUADS
  let quad${q} = (column_tile * ${QUADS}u + ${q}u) * ${LANES}u + lane;
  let column${q} = min(quad${q}, p.out_quads - 1u);
  //: end

  let positions = p.images * p.out_height * p.out_width;
  let end = min(positions, (part + 1u) * p.chunk);
  for (var first = part * p.chunk; first < end; first += ${LANES}u) {
    //: if !POINTWISE
    let own = min(first + lane, positions - 1u);
    let own_x = i32(own % p.out_width * p.stride_x);
    let own_y = i32(own / p.out_width % p.out_height * p.stride_y);
    let own_image = own / (p.out_width * p.out_height) * p.in_height;
    //: end
    //: for g in LANES / STEP
    {
      //: for t in STEP
      let position${t} = min(first + ${g * STEP + t}u, positions - 1u);
      //: if POINTWISE
      //: for r in ROWS
      let inside${r}_${t} = first + ${g * STEP + t}u < end;
      let at${r}_${t} = position${t} * p.x_row + channel${r} + p.x_first;
      //: end
      //: else
      let position_x${t} = subgroupBroadcast(own_x, ${g * STEP + t}u);
      let position_y${t} = subgroupBroadcast(own_y, ${g * STEP + t}u);
      let image${t} = subgroupBroadcast(own_image, ${g * STEP + t}u);
      //: for r in ROWS
      let ix${r}_${t} = u32(position_x${t} + offset_x${r});
      let iy${r}_${t} = u32(position_y${t} + offset_y${r});
      let inside${r}_${t} = ix${r}_${t} < p.in_width && iy${r}_${t} < p.in_height && first + ${g * STEP + t}u < end;
      let at${r}_${t} = select(0u, ((image${t} + iy${r}_${t}) * p.in_width + ix${r}_${t}) * p.x_row + channel${r} + p.x_first, inside${r}_${t});
      //: end
      //: end
      //: for r in ROWS
      //: use masked_load with to = x${r}_${t}; from = x[at${r}_${t}]; scale = scale${r}; shift = shift${r}; mask = select(0.0, 1.0, inside${r}_${t})
      //: end
      //: for q in QUADS
      let d${q}_${t} = d[position${t} * p.d_row + p.d_first + column${q}];
      //: end
      //: end
      //: for r in ROWS
      //: for m in LANES
      //: for e in 4
      {
        //: for t in STEP
        let a${t} = vec4f(subgroupBroadcast(x${r}_${t}[${e}], ${m}u));
        //: end
        //: for q in QUADS
        //: for t in STEP
        sum${r}_${4 * m + e}_${q} = fma(a${t}, d${q}_${t}, sum${r}_${4 * m + e}_${q});
        //: end
        //: end
      }
      //: end
      //: end
      //: end
    }
    //: end
  }

  //: for r in ROWS
  //: for i in LANES * 4
  {
    let row = (row_tile * ${ROWS}u + ${r}u) * ${4 * LANES}u + ${i}u;
    if (row < 4u * units) {
      let at = ((p.first_part + part) * 4u * units + row) * p.out_quads;
      //: for q in QUADS
      if (quad${q} < p.out_quads) { y[at + quad${q}] = sum${r}_${i}_${q}; }
      //: end
    }
  }
  //: end
  //: end
}
