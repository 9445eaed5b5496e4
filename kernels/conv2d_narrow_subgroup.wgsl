// Convolution to at most four channels, for adapters where a broadcast in a subgroup is nearly free. The formulas and the
// operands' layouts are those of conv2d_subgroup.wgsl; there is one quad of output channels.
//
// With one quad to compute, the lanes are positions instead: each keeps ROWS of them. The weights of two quads of input channels
// are loaded at once, a vec4 in each lane of eight, and reach the others by broadcast.
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
  let row_tile = tile % p.row_tiles;
  //: if ADJOINT
  let phase = tile / p.row_tiles;
  let phase_y = phase / p.stride_x;
  let phase_x = phase % p.stride_x;
  //: end
  let rows = p.images * p.phase_height * p.phase_width;
  let first_row = row_tile * ${LANES * ROWS}u;

  // Where each of this lane's positions stands in x before a tap's offset, and its image's first row of x.
  //: for r in ROWS
  let row${r} = min(first_row + ${r * LANES}u + lane, rows - 1u);
  let column_of${r} = row${r} % p.phase_width;
  let line_of${r} = row${r} / p.phase_width % p.phase_height;
  let image${r} = row${r} / (p.phase_width * p.phase_height) * p.in_height;
  //: if ADJOINT
  let y${r} = i32(line_of${r} * p.stride_y + phase_y + p.pad_y);
  let x${r} = i32(column_of${r} * p.stride_x + phase_x + p.pad_x);
  //: else
  let y${r} = i32(line_of${r} * p.stride_y) - i32(p.pad_y);
  let x${r} = i32(column_of${r} * p.stride_x) - i32(p.pad_x);
  //: end
  //: end
  //: if BIAS
  let start = bias[0];
  //: else
  let start = vec4f();
  //: end
  //: for r in ROWS
  var sum${r} = start;
  //: end
  // Which of the two quads, and which of its four weights, this lane loads.
  let own_quad = lane / 4u;
  let own = lane % 4u;

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
          //: if NORMALISE
          let scale = coefficients[channel];
          let shift = coefficients[p.in_quads + channel];
          //: end
          //: for r in ROWS
          //: if NORMALISE
          let a${r} = ${RELU ? "max" : "vec4f"}(fma(x[at${r} + channel], scale, shift)${RELU ? ", vec4f()" : ""}) * (mask${r} * live);
          //: else
          let a${r} = x[at${r} + channel] * (mask${r} * live);
          //: end
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
    let oy = line_of${r} * p.stride_y + phase_y;
    let ox = column_of${r} * p.stride_x + phase_x;
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
