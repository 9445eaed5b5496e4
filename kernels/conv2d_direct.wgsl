// Convolution from registers alone: no subgroups, no workgroup memory. The formulas and the operands' layouts are those of
// conv2d_subgroup.wgsl. A thread computes POSITIONS positions by QUADS quads of channels. With one of each this is the
// plain sum, which other kernels are checked against.

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

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let tile = group.y * groups.x + group.x;
  if (tile >= p.tiles) { return; }
  // Threads side by side share positions, so that one load of x serves several of them.
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
  let column_of${r} = row${r} % p.phase_width;
  let line_of${r} = row${r} / p.phase_width % p.phase_height;
  let image${r} = row${r} / (p.phase_width * p.phase_height);
  //: if ADJOINT
  let y${r} = i32(line_of${r} * p.stride_y + phase_y + p.pad_y);
  let x${r} = i32(column_of${r} * p.stride_x + phase_x + p.pad_x);
  //: else
  let y${r} = i32(line_of${r} * p.stride_y) - i32(p.pad_y);
  let x${r} = i32(column_of${r} * p.stride_x) - i32(p.pad_x);
  //: end
  //: end
  //: for q in QUADS
  let quad${q} = min(first_quad + ${q}u, p.out_quads - 1u);
  //: for r in POSITIONS
  //: if BIAS
  var sum${r}_${q} = bias[quad${q}];
  //: else
  var sum${r}_${q} = vec4f();
  //: end
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
      let tap = ky * p.kernel_width + kx;
      //: for r in POSITIONS
      //: if ADJOINT
      let iy${r} = u32(y${r} - i32(ky * p.dilation_y)) / p.stride_y;
      let ix${r} = u32(x${r} - i32(kx * p.dilation_x)) / p.stride_x;
      //: else
      let iy${r} = u32(y${r} + i32(ky * p.dilation_y));
      let ix${r} = u32(x${r} + i32(kx * p.dilation_x));
      //: end
      let inside${r} = iy${r} < p.in_height && ix${r} < p.in_width;
      let mask${r} = select(0.0, 1.0, inside${r});
      let at${r} = select(0u, ((image${r} * p.in_height + iy${r}) * p.in_width + ix${r}) * p.x_row + p.x_first, inside${r});
      //: end
      for (var k = 0u; k < p.in_quads; k++) {
        //: if NORMALISE
        let scale = coefficients[k];
        let shift = coefficients[p.in_quads + k];
        //: end
        //: for r in POSITIONS
        //: if NORMALISE
        let a${r} = ${RELU ? "max" : "vec4f"}(fma(x[at${r} + k], scale, shift)${RELU ? ", vec4f()" : ""}) * mask${r};
        //: else
        let a${r} = x[at${r} + k] * mask${r};
        //: end
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
    let oy = line_of${r} * p.stride_y + phase_y;
    let ox = column_of${r} * p.stride_x + phase_x;
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
