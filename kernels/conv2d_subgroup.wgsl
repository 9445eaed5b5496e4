// Convolution as a matrix product, for adapters on which a subgroup broadcast is nearly free.
// parts/conv2d_interface.wgsl has the formulas, the layouts and the list of variants.
//
// A subgroup of LANES lanes computes LANES·ROWS positions by 4·LANES·QUADS channels. Each lane loads the quads of x for
// ROWS positions and broadcasts them to the other lanes; it loads its own columns of w. There are far more sums than
// registers, so each sum takes all four products of a quad while it is in a register.
//
// BATCHED: computes a batch of products instead. Each has images of x and y and a weight of its own.
//: use enable_subgroups

//: use conv2d_interface

//: use finish

@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = local.x;
  //: use product_tile
  let phase = tile / (p.column_tiles * p.row_tiles);
  let rows = p.images * p.phase_height * p.phase_width;
  //: use product_batch
  let first_row = row_tile * ${LANES * ROWS}u;

  // For each of this lane's positions: where its window begins in x, and the first line of its image in x.
  //: for r in ROWS
  let row${r} = min(first_row + ${r * LANES}u + lane, rows - 1u);
  //: use row_position
  let image${r} = row${r} / (p.phase_width * p.phase_height) * p.in_height + first_image;
  //: use window_corner
  //: end
  //: for q in QUADS
  let quad${q} = (column_tile * ${QUADS}u + ${q}u) * ${LANES}u + lane;
  let column${q} = min(quad${q}, p.out_quads - 1u);
  //: use bias_or_zero with declaration = let start${q}; at = column${q}
  //: for i in LANES * ROWS
  var sum${i}_${q} = start${q};
  //: end
  //: end

  for (var ky = 0u; ky < p.kernel_height; ky++) {
    //: use skip_tap with axis = y; extent = height
    for (var kx = 0u; kx < p.kernel_width; kx++) {
      //: use skip_tap with axis = x; extent = width
      //: for r in ROWS
      //: use tap_position
      let mask${r} = select(0.0, 1.0, inside${r});
      var at${r} = select(0u, ((image${r} + iy${r}) * p.in_width + ix${r}) * p.x_row + p.x_first, inside${r});
      //: end
      let tap = first_tap + ky * p.kernel_width + kx;
      //: for q in QUADS
      //: if ADJOINT
      var w_at${q} = (tap * p.out_quads + column${q}) * 4u * p.in_quads;
      //: else
      var w_at${q} = tap * p.in_quads * 4u * p.out_quads + column${q};
      //: end
      //: end
      for (var k = 0u; k < p.in_quads; k++) {
        //: use channel_coefficients with at = k
        //: for r in ROWS
        //: use masked_load with to = row_quad${r}; from = x[at${r}]; mask = mask${r}
        at${r} += 1u;
        //: end
        //: for q in QUADS
        //: if ADJOINT
        //: for e in 4
        let w${q}_${e} = w[w_at${q} + ${e}u * p.in_quads];
        //: end
        w_at${q} += 1u;
        //: for e in 4
        let b${q}_${e} = vec4f(w${q}_0[${e}], w${q}_1[${e}], w${q}_2[${e}], w${q}_3[${e}]);
        //: end
        //: else
        //: for e in 4
        let b${q}_${e} = w[w_at${q} + ${e}u * p.out_quads];
        //: end
        w_at${q} += 4u * p.out_quads;
        //: end
        //: end
        //: for r in ROWS
        //: for l in LANES
        {
          //: for e in 4
          let a${e} = vec4f(subgroupBroadcast(row_quad${r}[${e}], ${l}u));
          //: end
          //: for q in QUADS
          //: for e in 4
          sum${r * LANES + l}_${q} = fma(a${e}, b${q}_${e}, sum${r * LANES + l}_${q});
          //: end
          //: end
        }
        //: end
        //: end
      }
    }
  }

  // A loop over the rows: unrolled, the fused operations would take longer to compile than all the rest of the kernel.
  for (var r = 0u; r < ${ROWS}u; r++) {
    //: for l in LANES
    {
      let row = first_row + r * ${LANES}u + ${l}u;
      if (row < rows) {
        //: if ADJOINT && !BATCHED
        //: use output_position with line = row / p.phase_width % p.phase_height; column = row % p.phase_width
        let image = row / (p.phase_width * p.phase_height);
        if (oy < p.out_height && ox < p.out_width) {
          let at = ((image * p.out_height + oy) * p.out_width + ox) * p.y_row + p.y_first;
        //: else
        {
          let at = row * p.y_row + first_y;
        //: end
          //: for q in QUADS
          if (quad${q} < p.out_quads) {
            var sum = sum${l}_${q};
            //: for t in ROWS - 1
            sum = select(sum, sum${(t + 1) * LANES + l}_${q}, r == ${t + 1}u);
            //: end
            y[at + quad${q}] = finish(sum, at + quad${q});
          }
          //: end
        }
      }
    }
    //: end
  }
}
