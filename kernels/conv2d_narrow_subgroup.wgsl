// Convolution to at most four output channels, for adapters on which a subgroup broadcast is nearly free.
// parts/conv2d_interface.wgsl has the formulas, the layouts and the list of variants.
//
// There is only one quad of output channels, so each lane computes positions: ROWS of them. Eight lanes load the
// weights of two quads of input channels, a vec4 each, and broadcast them to the others.
//: use enable_subgroups

//: use conv2d_interface

//: use finish

@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = local.x;
  //: use workgroup_index
  if (tile >= p.tiles) { return; }
  let row_tile = tile % p.row_tiles;
  //: if ADJOINT
  let phase = tile / p.row_tiles;
  let phase_y = phase / p.stride_x;
  let phase_x = phase % p.stride_x;
  //: end
  let rows = p.images * p.phase_height * p.phase_width;
  let first_row = row_tile * ${LANES * ROWS}u;

  // For each of this lane's positions: where its window begins in x, and the first line of its image in x.
  //: for r in ROWS
  let row${r} = min(first_row + ${r * LANES}u + lane, rows - 1u);
  //: use row_position
  let image${r} = row${r} / (p.phase_width * p.phase_height) * p.in_height;
  //: use window_corner
  //: end
  //: use bias_or_zero with at = 0
  //: for r in ROWS
  var sum${r} = start;
  //: end
  // The quad of input channels whose weights this lane loads (0 or 1), and which of its four.
  let own_quad = lane / 4u;
  let own = lane % 4u;

  for (var ky = 0u; ky < p.kernel_height; ky++) {
    //: use skip_tap with axis = y; extent = height
    for (var kx = 0u; kx < p.kernel_width; kx++) {
      //: use skip_tap with axis = x; extent = width
      //: for r in ROWS
      //: use tap_position
      let mask${r} = select(0.0, 1.0, inside${r});
      let at${r} = select(0u, ((image${r} + iy${r}) * p.in_width + ix${r}) * p.x_row + p.x_first, inside${r});
      //: end
      let tap = ky * p.kernel_width + kx;
      for (var k = 0u; k < p.in_quads; k += 2u) {
        let own_k = min(k + own_quad, p.in_quads - 1u);
        //: if ADJOINT
        let weight = w[(tap * 4u + own) * p.in_quads + own_k];
        //: else
        let weight = w[tap * 4u * p.in_quads + 4u * own_k + own];
        //: end
        //: for j in 2
        {
          let live = select(0.0, 1.0, k + ${j}u < p.in_quads);
          let channel = min(k + ${j}u, p.in_quads - 1u);
          //: use channel_coefficients with at = channel
          //: for r in ROWS
          //: use masked_load with to = a${r}; from = x[at${r} + channel]; mask = (mask${r} * live)
          //: end
          //: for e in 4
          //: if !ADJOINT
          let b${e} = subgroupBroadcast(weight, ${4 * j + e}u);
          //: else
          let b${e} = vec4f(
            //: for o in 4
            subgroupBroadcast(weight[${e}], ${4 * j + o}u),
            //: end
          );
          //: end
          //: for r in ROWS
          sum${r} = fma(vec4f(a${r}[${e}]), b${e}, sum${r});
          //: end
          //: end
        }
        //: end
      }
    }
  }

  //: for r in ROWS
  if (first_row + ${r * LANES}u + lane < rows) {
    //: if ADJOINT
    //: use output_position
    if (oy < p.out_height && ox < p.out_width) {
      let at = ((row${r} / (p.phase_width * p.phase_height) * p.out_height + oy) * p.out_width + ox) * p.y_row + p.y_first;
      y[at] = finish(sum${r}, at);
    }
    //: else
    let at = row${r} * p.y_row + p.y_first;
    y[at] = finish(sum${r}, at);
    //: end
  }
  //: end
}
