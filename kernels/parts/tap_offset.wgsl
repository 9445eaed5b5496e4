// The offset from an output position, multiplied by the stride, to the input position that tap n reads.
//: default n =
let offset_y${n} = i32(tap${n} / p.kernel_width * p.dilation_y) - i32(p.pad_y);
let offset_x${n} = i32(tap${n} % p.kernel_width * p.dilation_x) - i32(p.pad_x);
