// Convolution as a matrix product without the matrix, staged through workgroup memory: for GPUs, and wherever there are
// no subgroups of a known size. The formulas and the operands' layouts are those of conv2d_subgroup.wgsl.
//
// A workgroup of 128 threads computes 64 positions by 16 quads of channels, 8 positions by one quad a thread; four quads
// of input channels of one tap are staged at a time.

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

// [position][quad of input channels], and [input channel][quad of output channels]; in the adjoint
// [quad of input channels][output channel].
var<workgroup> x_tile: array<vec4f, 256>;
var<workgroup> w_tile: array<vec4f, 256>;

fn finish(sum: vec4f, index: u32, quad: u32) -> vec4f {
  var value = sum;
  //: if BIAS
  value += bias[quad];
  //: end
  ${EPILOGUE}
  return value;
}

@compute @workgroup_size(128)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let tile = group.y * groups.x + group.x;
  if (tile >= p.tiles) { return; }
  let column_tile = tile % p.column_tiles;
  let row_tile = (tile / p.column_tiles) % p.row_tiles;
  let phase = tile / (p.column_tiles * p.row_tiles);
  //: if ADJOINT
  let phase_y = phase / p.stride_x;
  let phase_x = phase % p.stride_x;
  //: end
  let rows = p.images * p.phase_height * p.phase_width;
  let first_row = row_tile * 64u;

  // The two positions whose quads this thread stages.
  //: for r in 2
  let row${r} = min(first_row + thread / 4u + ${32 * r}u, rows - 1u);
  let image${r} = row${r} / (p.phase_width * p.phase_height) * p.in_height;
  //: if ADJOINT
  let y${r} = i32(row${r} / p.phase_width % p.phase_height * p.stride_y + phase_y + p.pad_y);
  let x${r} = i32(row${r} % p.phase_width * p.stride_x + phase_x + p.pad_x);
  //: else
  let y${r} = i32(row${r} / p.phase_width % p.phase_height * p.stride_y) - i32(p.pad_y);
  let x${r} = i32(row${r} % p.phase_width * p.stride_x) - i32(p.pad_x);
  //: end
  //: end
  let staged_quad = thread % 4u;
  let column = thread % 16u;
  let quad = column_tile * 16u + column;
  let row_of_thread = thread / 16u * 8u;
  //: for i in 8
  var sum${i} = vec4f();
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
      //: for r in 2
      //: if ADJOINT
      let iy${r} = u32(y${r} - i32(ky * p.dilation_y)) / p.stride_y;
      let ix${r} = u32(x${r} - i32(kx * p.dilation_x)) / p.stride_x;
      //: else
      let iy${r} = u32(y${r} + i32(ky * p.dilation_y));
      let ix${r} = u32(x${r} + i32(kx * p.dilation_x));
      //: end
      let inside${r} = iy${r} < p.in_height && ix${r} < p.in_width;
      let at${r} = ((image${r} + iy${r}) * p.in_width + ix${r}) * p.x_row + p.x_first;
      //: end
      for (var first = 0u; first < p.in_quads; first += 4u) {
        let k = first + staged_quad;
        //: if NORMALISE
        let scale = coefficients[min(k, p.in_quads - 1u)];
        let shift = coefficients[p.in_quads + min(k, p.in_quads - 1u)];
        //: end
        //: for r in 2
        {
          let live = inside${r} && k < p.in_quads;
          var value = x[select(0u, at${r} + k, live)];
          //: if NORMALISE
          value = ${RELU ? "max" : "vec4f"}(fma(value, scale, shift)${RELU ? ", vec4f()" : ""});
          //: end
          x_tile[thread + ${128 * r}u] = value * select(0.0, 1.0, live);
        }
        //: end
        //: for r in 2
        {
          //: if ADJOINT
          let wk = first + thread / 64u + ${2 * r}u;
          let channel = column_tile * 64u + thread % 64u;
          let live = wk < p.in_quads && channel < 4u * p.out_quads;
          let w_at = (tap * 4u * p.out_quads + channel) * p.in_quads + wk;
          //: else
          let wk = first * 4u + thread / 16u + ${8 * r}u;
          let live = wk < 4u * p.in_quads && quad < p.out_quads;
          let w_at = (tap * 4u * p.in_quads + wk) * p.out_quads + quad;
          //: end
          w_tile[thread + ${128 * r}u] = w[select(0u, w_at, live)] * select(0.0, 1.0, live);
        }
        //: end
        workgroupBarrier();
        //: for k in 4
        {
          //: for e in 4
          //: if ADJOINT
          let c${e} = w_tile[${64 * k}u + 4u * column + ${e}u];
          //: else
          let b${e} = w_tile[${16 * (4 * k + e)}u + column];
          //: end
          //: end
          //: if ADJOINT
          //: for e in 4
          let b${e} = vec4f(c0[${e}], c1[${e}], c2[${e}], c3[${e}]);
          //: end
          //: end
          //: for i in 8
          {
            let a = x_tile[(row_of_thread + ${i}u) * 4u + ${k}u];
            sum${i} = fma(vec4f(a.x), b0, fma(vec4f(a.y), b1, fma(vec4f(a.z), b2, fma(vec4f(a.w), b3, sum${i}))));
          }
          //: end
        }
        //: end
        workgroupBarrier();
      }
    }
  }

  if (quad >= p.out_quads) { return; }
  //: for i in 8
  {
    let row = first_row + row_of_thread + ${i}u;
    if (row < rows) {
      //: if ADJOINT
      let oy = row / p.phase_width % p.phase_height * p.stride_y + phase_y;
      let ox = row % p.phase_width * p.stride_x + phase_x;
      let image = row / (p.phase_width * p.phase_height);
      if (oy < p.out_height && ox < p.out_width) {
        let at = ((image * p.out_height + oy) * p.out_width + ox) * p.y_row + p.y_first + quad;
      //: else
      {
        let at = row * p.y_row + p.y_first + quad;
      //: end
        y[at] = finish(sum${i}, at, quad);
      }
    }
  }
  //: end
}
