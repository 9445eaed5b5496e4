// From an output position, times the stride, to the input position that a tap reaches.
//: default n =
let offset_y${n} = i32(tap${n} / p.kernel_width * p.dilation_y) - i32(p.pad_y);
let offset_x${n} = i32(tap${n} % p.kernel_width * p.dilation_x) - i32(p.pad_x);
