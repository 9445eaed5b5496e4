// y[position] = argmin over codes of Σ_d (x[position, d] − code[d])², the first code on a tie.
// x is [positions][quads], codes is [codes][quads], y is [positions].
//
// Distances and minimum take one pass; the [positions × codes] matrix is never stored. The differences are squared
// directly and not expanded to |x|² − 2x·c + |c|², where large terms would cancel the digits that tell near codes
// apart.
//
// A lane computes POSITIONS positions against CODES codes at a time. With SUBGROUPS each lane loads its share of those
// codes and broadcasts it to the others.
//: use enable_subgroups

struct Params { positions: u32, codes: u32, quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> codes: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = local.x;
  //: use workgroup_index
  if (tile * ${LANES * POSITIONS}u >= p.positions) { return; }
  //: for t in POSITIONS
  let position${t} = (tile * ${POSITIONS}u + ${t}u) * ${LANES}u + lane;
  let row${t} = min(position${t}, p.positions - 1u) * p.quads;
  var nearest${t} = 0u;
  var least${t} = 3.402823466e38;
  //: end

  for (var first = 0u; first < p.codes; first += ${CODES}u) {
    //: for c in CODES
    //: for t in POSITIONS
    var distance${c}_${t} = 0.0;
    //: end
    //: if !SUBGROUPS
    let code${c} = min(first + ${c}u, p.codes - 1u) * p.quads;
    //: end
    //: end
    //: if SUBGROUPS
    //: for r in CODES / LANES
    let own${r} = min(first + ${r * LANES}u + lane, p.codes - 1u) * p.quads;
    //: end
    //: end
    for (var k = 0u; k < p.quads; k++) {
      //: for t in POSITIONS
      let x${t} = x[row${t} + k];
      //: end
      //: if SUBGROUPS
      //: for r in CODES / LANES
      let loaded${r} = codes[own${r} + k];
      //: end
      //: end
      //: for c in CODES
      {
        //: if SUBGROUPS
        let code = subgroupBroadcast(loaded${Math.floor(c / LANES)}, ${c % LANES}u);
        //: else
        let code = codes[code${c} + k];
        //: end
        //: for t in POSITIONS
        let difference${t} = x${t} - code;
        distance${c}_${t} += dot(difference${t}, difference${t});
        //: end
      }
      //: end
    }
    //: for c in CODES
    //: for t in POSITIONS
    let nearer${c}_${t} = (first + ${c}u < p.codes) & (distance${c}_${t} < least${t});
    least${t} = select(least${t}, distance${c}_${t}, nearer${c}_${t});
    nearest${t} = select(nearest${t}, first + ${c}u, nearer${c}_${t});
    //: end
    //: end
  }
  // Padding in the last quad of y is zero.
  let filled = (p.positions + 3u) / 4u * 4u;
  //: for t in POSITIONS
  if (position${t} < filled) { y[position${t}] = select(0u, nearest${t}, position${t} < p.positions); }
  //: end
}
