// Where the window of row r's output position begins in the input. In the adjoint the coordinates are still multiplied
// by the stride.
//: default line = line_of${r}
//: default column = column_of${r}
//: if ADJOINT
let y${r} = i32(${line} * p.stride_y + phase_y + p.pad_y);
let x${r} = i32(${column} * p.stride_x + phase_x + p.pad_x);
//: else
let y${r} = i32(${line} * p.stride_y) - i32(p.pad_y);
let x${r} = i32(${column} * p.stride_x) - i32(p.pad_x);
//: end
