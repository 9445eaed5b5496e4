// The gradient of a convolution's weight, staged in workgroup memory: for GPUs, and for every adapter without subgroups
// of a known size. parts/weight_gradient_interface.wgsl has the formula, the layouts and the list of variants.
//
// A workgroup of COLUMNS by LINES threads computes LINES·UNITS units by COLUMNS·QUADS quads of output channels; a
// thread computes UNITS by QUADS of them. STEP positions are staged at a time. The number of threads is a multiple of
// both extents.

//: use weight_gradient_interface

// x_tile is [position][unit], d_tile is [position][quad of output channels].
var<workgroup> x_tile: array<vec4f, ${STEP * LINES * UNITS}>;
var<workgroup> d_tile: array<vec4f, ${STEP * COLUMNS * QUADS}>;

@compute @workgroup_size(${COLUMNS * LINES})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  //: use product_tile
  let part = tile / (p.column_tiles * p.row_tiles);
  let units = p.kernel_height * p.kernel_width * p.in_quads;

  let staged_unit = min(row_tile * ${LINES * UNITS}u + thread % ${LINES * UNITS}u, units - 1u);
  let tap = staged_unit / p.in_quads;
  let channel = staged_unit % p.in_quads;
  //: use channel_coefficients with at = channel
  //: use tap_offset
  let column = thread % ${COLUMNS}u;
  let staged_quad = column_tile * ${COLUMNS * QUADS}u + thread % ${COLUMNS * QUADS}u;
  let unit_of_thread = thread / ${COLUMNS}u * ${UNITS}u;
  //: for u in UNITS
  //: for e in 4
  //: for q in QUADS
  var sum${u}_${e}_${q} = vec4f();
  //: end
  //: end
  //: end

  let positions = p.images * p.out_height * p.out_width;
  let begin = part * p.chunk;
  let end = min(positions, begin + p.chunk);
  // The coordinates of the positions that this thread stages. Each step advances them without a division, which is
  // slow.
  let right = ${STEP}u % p.out_width;
  let down = ${STEP}u / p.out_width % p.out_height;
  let on = ${STEP}u / (p.out_width * p.out_height) * p.in_height;
  //: for r in STEP * UNITS / COLUMNS
  let staged${r} = thread / ${LINES * UNITS}u + ${COLUMNS / UNITS * r}u;
  var column${r} = (begin + staged${r}) % p.out_width;
  var line${r} = (begin + staged${r}) / p.out_width % p.out_height;
  var image${r} = (begin + staged${r}) / (p.out_width * p.out_height) * p.in_height;
  //: end
  for (var first = begin; first < end; first += ${STEP}u) {
    //: for r in STEP * UNITS / COLUMNS
    {
      let ix = u32(i32(column${r} * p.stride_x) + offset_x);
      let iy = u32(i32(line${r} * p.stride_y) + offset_y);
      let inside = ix < p.in_width && iy < p.in_height && first + staged${r} < end;
      var value = x[select(0u, ((image${r} + iy) * p.in_width + ix) * p.x_row + channel + p.x_first, inside)];
      column${r} += right;
      let wraps = column${r} >= p.out_width;
      column${r} -= select(0u, p.out_width, wraps);
      line${r} += down + select(0u, 1u, wraps);
      let leaves = line${r} >= p.out_height;
      line${r} -= select(0u, p.out_height, leaves);
      image${r} += on + select(0u, p.in_height, leaves);
      //: use normalise_in_place with value = value
      x_tile[thread + ${COLUMNS * LINES * r}u] = value * select(0.0, 1.0, inside);
    }
    //: end
    //: for r in STEP * QUADS / LINES
    {
      let position = first + thread / ${COLUMNS * QUADS}u + ${LINES / QUADS * r}u;
      let live = position < end && staged_quad < p.out_quads;
      d_tile[thread + ${COLUMNS * LINES * r}u] = d[select(0u, position * p.d_row + p.d_first + staged_quad, live)] * select(0.0, 1.0, live);
    }
    //: end
    workgroupBarrier();
    //: for k in STEP
    {
      //: for q in QUADS
      let b${q} = d_tile[${COLUMNS * QUADS * k + COLUMNS * q}u + column];
      //: end
      //: for u in UNITS
      let a${u} = x_tile[${LINES * UNITS * k}u + unit_of_thread + ${u}u];
      //: for e in 4
      //: for q in QUADS
      sum${u}_${e}_${q} = fma(vec4f(a${u}[${e}]), b${q}, sum${u}_${e}_${q});
      //: end
      //: end
      //: end
    }
    //: end
    workgroupBarrier();
  }

  //: for u in UNITS
  {
    let unit = row_tile * ${LINES * UNITS}u + unit_of_thread + ${u}u;
    if (unit < units) {
      let at = ((p.first_part + part) * units + unit) * 4u * p.out_quads;
      //: for q in QUADS
      {
        let quad = column_tile * ${COLUMNS * QUADS}u + ${COLUMNS * q}u + column;
        if (quad < p.out_quads) {
          //: for e in 4
          y[at + ${e}u * p.out_quads + quad] = sum${u}_${e}_${q};
          //: end
        }
      }
      //: end
    }
  }
  //: end
}
