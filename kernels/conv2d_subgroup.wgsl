// Convolution as a matrix product without the matrix, for adapters where a broadcast in a subgroup is nearly free.
//
// Forward:  y[n, oy, ox, o] = bias[o] + Σ x[n, oy·stride + ky·dilation − pad, ox·stride + kx·dilation − pad, i] · w[ky, kx, i, o]
// ADJOINT:  y[n, oy, ox, o] = bias[o] + Σ x[n, (oy + pad − ky·dilation) / stride, (ox + …) / stride, i] · w[ky, kx, o, i],
//           over the taps for which both divisions leave no rest: the transposed convolution, and the gradient of the
//           forward one with respect to its input.
//
// x [images, in_height, in_width] and y [images, out_height, out_width] hold channels in quads (vec4), in rows of x_row and
// y_row quads, of which the tensor's own begin at x_first and y_first; w is [taps][4·in_quads][out_quads] forward and
// [taps][4·out_quads][in_quads] in the adjoint. NORMALISE: x is loaded as x · scale[i] + shift[i] (RELU: max(…, 0)), from
// coefficients [4][in_quads], and padding is zero behind that.
//
// A subgroup of LANES lanes computes LANES·ROWS positions by 4·LANES·QUADS channels. Each lane loads ROWS positions' quads of x, which
// reach the other lanes by broadcast, and its own columns of w. In the adjoint the positions of one tile share their
// remainder modulo the stride, so that a tap serves all of them or none. BATCHED: in their place there are as many products, of
// the images and taps of which each has its own.
//
// The sums are far more than there are registers: each takes all four products of a quad while it is in one.
//: if SUBGROUPS_ENABLE
enable subgroups;
//: end

struct Params {
  images: u32, in_height: u32, in_width: u32, in_quads: u32,
  out_height: u32, out_width: u32, out_quads: u32,
  kernel_height: u32, kernel_width: u32,
  stride_y: u32, stride_x: u32, pad_y: u32, pad_x: u32, dilation_y: u32, dilation_x: u32,
  phase_height: u32, phase_width: u32, row_tiles: u32, column_tiles: u32, tiles: u32,
  x_row: u32, x_first: u32, y_row: u32, y_first: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
//: if BIAS
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;
//: end
//: if NORMALISE
@group(0) @binding(${BIAS ? 5 : 4}) var<storage, read> coefficients: array<vec4f>;
//: end
${EPILOGUE_BINDINGS}

fn finish(sum: vec4f, index: u32) -> vec4f {
  var value = sum;
  ${EPILOGUE}
  return value;
}

@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = local.x;
  let tile = group.y * groups.x + group.x;
  if (tile >= p.tiles) { return; }
  let column_tile = tile % p.column_tiles;
  let row_tile = (tile / p.column_tiles) % p.row_tiles;
  let phase = tile / (p.column_tiles * p.row_tiles);
  let rows = p.images * p.phase_height * p.phase_width;
  //: if BATCHED
  let phase_y = 0u;
  let phase_x = 0u;
  let first_image = phase * p.images * p.in_height;
  let first_tap = phase;
  let first_y = p.y_first + phase * rows * p.y_row;
  //: else
  let phase_y = phase / p.stride_x;
  let phase_x = phase % p.stride_x;
  let first_image = 0u;
  let first_tap = 0u;
  let first_y = p.y_first;
  //: end
  let first_row = row_tile * ${LANES * ROWS}u;

  // Where each of this lane's positions stands in x before a tap's offset, and its image's first row of x.
  //: for r in ROWS
  let row${r} = min(first_row + ${r * LANES}u + lane, rows - 1u);
  let column_of${r} = row${r} % p.phase_width;
  let line_of${r} = row${r} / p.phase_width % p.phase_height;
  let image${r} = row${r} / (p.phase_width * p.phase_height) * p.in_height + first_image;
  //: if ADJOINT
  let y${r} = i32(line_of${r} * p.stride_y + phase_y + p.pad_y);
  let x${r} = i32(column_of${r} * p.stride_x + phase_x + p.pad_x);
  //: else
  let y${r} = i32(line_of${r} * p.stride_y) - i32(p.pad_y);
  let x${r} = i32(column_of${r} * p.stride_x) - i32(p.pad_x);
  //: end
  //: end
  //: for q in QUADS
  let quad${q} = (column_tile * ${QUADS}u + ${q}u) * ${LANES}u + lane;
  let column${q} = min(quad${q}, p.out_quads - 1u);
  //: if BIAS
  let start${q} = bias[column${q}];
  //: else
  let start${q} = vec4f();
  //: end
  //: for i in LANES * ROWS
  var sum${i}_${q} = start${q};
  //: end
  //: end

  for (var ky = 0u; ky < p.kernel_height; ky++) {
    //: if ADJOINT
    if ((phase_y + p.pad_y + (p.kernel_height * p.stride_y - ky) * p.dilation_y) % p.stride_y != 0u) { continue; }
    //: end
    for (var kx = 0u; kx < p.kernel_width; kx++) {
      //: if ADJOINT
      if ((phase_x + p.pad_x + (p.kernel_width * p.stride_x - kx) * p.dilation_x) % p.stride_x != 0u) { continue; }
      //: end
      //: for r in ROWS
      //: if ADJOINT
      let iy${r} = u32(y${r} - i32(ky * p.dilation_y)) / p.stride_y;
      let ix${r} = u32(x${r} - i32(kx * p.dilation_x)) / p.stride_x;
      //: else
      let iy${r} = u32(y${r} + i32(ky * p.dilation_y));
      let ix${r} = u32(x${r} + i32(kx * p.dilation_x));
      //: end
      let inside${r} = iy${r} < p.in_height && ix${r} < p.in_width;
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
        //: if NORMALISE
        let scale = coefficients[k];
        let shift = coefficients[p.in_quads + k];
        //: end
        //: for r in ROWS
        //: if NORMALISE
        let row_quad${r} = ${RELU ? "max" : "vec4f"}(fma(x[at${r}], scale, shift)${RELU ? ", vec4f()" : ""}) * mask${r};
        //: else
        let row_quad${r} = x[at${r}] * mask${r};
        //: end
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

  // In a loop over the lanes' positions: unrolled, what is fused behind the sums would take longer to compile than all the rest.
  for (var r = 0u; r < ${ROWS}u; r++) {
    //: for l in LANES
    {
      let row = first_row + r * ${LANES}u + ${l}u;
      if (row < rows) {
        //: if ADJOINT && !BATCHED
        let oy = row / p.phase_width % p.phase_height * p.stride_y + phase_y;
        let ox = row % p.phase_width * p.stride_x + phase_x;
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
