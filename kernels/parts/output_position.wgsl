// ADJOINT: the output position at a line and a column of this phase.
//: default line = line_of${r}
//: default column = column_of${r}
let oy = ${line} * p.stride_y + phase_y;
let ox = ${column} * p.stride_x + phase_x;
