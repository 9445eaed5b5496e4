// Convolution as a matrix product that stages its operands in workgroup memory: for GPUs, and for every adapter without
// subgroups of a known size. parts/conv2d_interface.wgsl has the formulas, the layouts and the list of variants.
//
// A workgroup of COLUMNS by LINES threads computes LINES·ROWS positions by COLUMNS·QUADS quads of channels; a thread
// computes ROWS by QUADS of them. Four quads of input channels of one tap are staged at a time.
//
// SPLIT: the input channels are split into parts of `chunk` quads. Each part has workgroups and a result of its own,
// and sum_partials adds up the results. BATCHED: computes a batch of products, see conv2d_subgroup.wgsl.

//: use conv2d_interface

// x_tile is [position][quad of input channels]. w_tile is [input channel][quad of output channels]; in the adjoint it
// is [quad of input channels][channel of the output quad][quad of output channels], so that neighbouring threads read
// neighbouring quads.
var<workgroup> x_tile: array<vec4f, ${4 * LINES * ROWS}>;
var<workgroup> w_tile: array<vec4f, ${16 * COLUMNS * QUADS}>;

//: use finish

@compute @workgroup_size(${COLUMNS * LINES})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use product_tile
  let rows = p.images * p.phase_height * p.phase_width;
  //: if SPLIT
  let phases = ${ADJOINT ? "p.stride_y * p.stride_x" : "1u"};
  let phase = tile / (p.column_tiles * p.row_tiles) % phases;
  let part = tile / (p.column_tiles * p.row_tiles * phases);
  let begin = part * p.chunk;
  let end = min(p.in_quads, begin + p.chunk);
  //: else
  let phase = tile / (p.column_tiles * p.row_tiles);
  let begin = 0u;
  let end = p.in_quads;
  //: end
  //: use product_batch with first_y = ${SPLIT ? "part * p.images * p.out_height * p.out_width * p.y_row" : "p.y_first"}
  let first_row = row_tile * ${LINES * ROWS}u;

  // The positions whose quads this thread stages.
  //: for r in 4 * ROWS / COLUMNS
  let row${r} = min(first_row + thread / 4u + ${COLUMNS * LINES / 4 * r}u, rows - 1u);
  let image${r} = row${r} / (p.phase_width * p.phase_height) * p.in_height + first_image;
  //: use window_corner with line = row${r} / p.phase_width % p.phase_height; column = row${r} % p.phase_width
  //: end
  let staged_quad = thread % 4u;
  let column = thread % ${COLUMNS}u;
  let row_of_thread = thread / ${COLUMNS}u * ${ROWS}u;
  //: for q in QUADS
  let quad${q} = column_tile * ${COLUMNS * QUADS}u + ${COLUMNS * q}u + column;
  //: use bias_or_zero with declaration = let start${q}; at = min(quad${q}, p.out_quads - 1u)
  //: for i in ROWS
  var sum${i}_${q} = start${q};
  //: end
  //: end

  for (var ky = 0u; ky < p.kernel_height; ky++) {
    //: use skip_tap with axis = y; extent = height
    for (var kx = 0u; kx < p.kernel_width; kx++) {
      //: use skip_tap with axis = x; extent = width
      let tap = first_tap + ky * p.kernel_width + kx;
      //: for r in 4 * ROWS / COLUMNS
      //: use tap_position
      let at${r} = ((image${r} + iy${r}) * p.in_width + ix${r}) * p.x_row + p.x_first;
      //: end
      for (var first = begin; first < end; first += 4u) {
        let k = first + staged_quad;
        //: use channel_coefficients with at = min(k, p.in_quads - 1u)
        //: for r in 4 * ROWS / COLUMNS
        {
          let live = inside${r} && k < end;
          var value = x[select(0u, at${r} + k, live)];
          //: use normalise_in_place with value = value
          x_tile[thread + ${COLUMNS * LINES * r}u] = value * select(0.0, 1.0, live);
        }
        //: end
        //: for r in 16 * QUADS / LINES
        {
          let staged = thread + ${COLUMNS * LINES * r}u;
          //: if ADJOINT
          let wk = first + staged / ${4 * COLUMNS * QUADS}u;
          let quad = column_tile * ${COLUMNS * QUADS}u + staged % ${COLUMNS * QUADS}u;
          let channel = 4u * quad + staged / ${COLUMNS * QUADS}u % 4u;
          let live = wk < end && channel < 4u * p.out_quads;
          let w_at = (tap * 4u * p.out_quads + channel) * p.in_quads + wk;
          //: else
          let wk = first * 4u + staged / ${COLUMNS * QUADS}u;
          let quad = column_tile * ${COLUMNS * QUADS}u + staged % ${COLUMNS * QUADS}u;
          let live = wk < 4u * end && quad < p.out_quads;
          let w_at = (tap * 4u * p.in_quads + wk) * p.out_quads + quad;
          //: end
          w_tile[staged] = w[select(0u, w_at, live)] * select(0.0, 1.0, live);
        }
        //: end
        workgroupBarrier();
        //: for k in 4
        {
          //: for q in QUADS
          //: for e in 4
          //: if ADJOINT
          let c${q}_${e} = w_tile[${COLUMNS * QUADS * (4 * k + e) + COLUMNS * q}u + column];
          //: else
          let b${q}_${e} = w_tile[${COLUMNS * QUADS * (4 * k + e) + COLUMNS * q}u + column];
          //: end
          //: end
          //: if ADJOINT
          //: for e in 4
          let b${q}_${e} = vec4f(c${q}_0[${e}], c${q}_1[${e}], c${q}_2[${e}], c${q}_3[${e}]);
          //: end
          //: end
          //: end
          //: for i in ROWS
          {
            let a = x_tile[(row_of_thread + ${i}u) * 4u + ${k}u];
            //: for q in QUADS
            //: for e in 4
            sum${i}_${q} = fma(vec4f(a[${e}]), b${q}_${e}, sum${i}_${q});
            //: end
            //: end
          }
          //: end
        }
        //: end
        workgroupBarrier();
      }
    }
  }

  //: for i in ROWS
  {
    let row = first_row + row_of_thread + ${i}u;
    if (row < rows) {
      //: if ADJOINT && !BATCHED
      //: use output_position with line = row / p.phase_width % p.phase_height; column = row % p.phase_width
      let image = row / (p.phase_width * p.phase_height);
      if (oy < p.out_height && ox < p.out_width) {
        let at = ((image * p.out_height + oy) * p.out_width + ox) * p.y_row + first_y;
      //: else
      {
        let at = row * p.y_row + first_y;
      //: end
        //: for q in QUADS
        if (quad${q} < p.out_quads) { y[at + quad${q}] = finish(sum${i}_${q}, at + quad${q}); }
        //: end
      }
    }
  }
  //: end
}
