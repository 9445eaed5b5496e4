// What `phase` selects. With BATCHED: a product of the batch, with its own images, weight and output. Otherwise: the
// output positions of the adjoint with the same remainders modulo the stride. first_y is the start of the output
// without BATCHED.
//: default first_y = p.y_first
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
let first_y = ${first_y};
//: end
