// The input position that tap (ky, kx) reads for row r, and whether it lies in the image. A position before the image
// wraps around to a large number, which is outside as well.
//: if ADJOINT
let iy${r} = u32(y${r} - i32(ky * p.dilation_y)) / p.stride_y;
let ix${r} = u32(x${r} - i32(kx * p.dilation_x)) / p.stride_x;
//: else
let iy${r} = u32(y${r} + i32(ky * p.dilation_y));
let ix${r} = u32(x${r} + i32(kx * p.dilation_x));
//: end
let inside${r} = iy${r} < p.in_height && ix${r} < p.in_width;
