// Convolution from registers alone, without subgroups and without workgroup memory. parts/conv2d_interface.wgsl has the
// formulas, the layouts and the list of variants.
//
// A thread computes POSITIONS positions by QUADS quads of channels. With one of each this is the plain sum, which the
// other kernels are checked against.

//: use conv2d_interface

//: use finish

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use workgroup_index
  if (tile >= p.tiles) { return; }
  // Neighbouring threads compute the same positions, so that one load of x serves several of them.
  let columns = (p.out_quads + ${QUADS - 1}u) / ${QUADS}u;
  let rows = p.images * p.phase_height * p.phase_width;
  let row_groups = (rows + ${POSITIONS - 1}u) / ${POSITIONS}u;
  let own = (tile % p.row_tiles) * 64u + thread;
  if (own >= row_groups * columns) { return; }
  let phase = tile / p.row_tiles;
  //: if ADJOINT
  let phase_y = phase / p.stride_x;
  let phase_x = phase % p.stride_x;
  //: end
  let first_quad = own % columns * ${QUADS}u;
  let first_row = own / columns * ${POSITIONS}u;

  //: for r in POSITIONS
  let row${r} = min(first_row + ${r}u, rows - 1u);
  //: use row_position
  let image${r} = row${r} / (p.phase_width * p.phase_height);
  //: use window_corner
  //: end
  //: for q in QUADS
  let quad${q} = min(first_quad + ${q}u, p.out_quads - 1u);
  //: for r in POSITIONS
  //: use bias_or_zero with declaration = var sum${r}_${q}; at = quad${q}
  //: end
  //: end

  for (var ky = 0u; ky < p.kernel_height; ky++) {
    //: use skip_tap with axis = y; extent = height
    for (var kx = 0u; kx < p.kernel_width; kx++) {
      //: use skip_tap with axis = x; extent = width
      let tap = ky * p.kernel_width + kx;
      //: for r in POSITIONS
      //: use tap_position
      let mask${r} = select(0.0, 1.0, inside${r});
      let at${r} = select(0u, ((image${r} * p.in_height + iy${r}) * p.in_width + ix${r}) * p.x_row + p.x_first, inside${r});
      //: end
      for (var k = 0u; k < p.in_quads; k++) {
        //: use channel_coefficients with at = k
        //: for r in POSITIONS
        //: use masked_load with to = a${r}; from = x[at${r} + k]; mask = mask${r}
        //: end
        //: for q in QUADS
        {
          //: for e in 4
          //: if ADJOINT
          let c${e} = w[((tap * p.out_quads + quad${q}) * 4u + ${e}u) * p.in_quads + k];
          //: else
          let b${e} = w[((tap * p.in_quads + k) * 4u + ${e}u) * p.out_quads + quad${q}];
          //: end
          //: end
          //: if ADJOINT
          //: for e in 4
          let b${e} = vec4f(c0[${e}], c1[${e}], c2[${e}], c3[${e}]);
          //: end
          //: end
          //: for r in POSITIONS
          //: for e in 4
          sum${r}_${q} = fma(vec4f(a${r}[${e}]), b${e}, sum${r}_${q});
          //: end
          //: end
        }
        //: end
      }
    }
  }

  //: for r in POSITIONS
  if (first_row + ${r}u < rows) {
    //: if ADJOINT
    //: use output_position
    if (oy < p.out_height && ox < p.out_width) {
      let at = ((image${r} * p.out_height + oy) * p.out_width + ox) * p.y_row + p.y_first;
    //: else
    {
      let at = row${r} * p.y_row + p.y_first;
    //: end
      //: for q in QUADS
      if (first_quad + ${q}u < p.out_quads) { y[at + quad${q}] = finish(sum${r}_${q}, at + quad${q}); }
      //: end
    }
  }
  //: end
}
