// ADJOINT: skips a row or column of taps that no output position of this phase uses. The multiple of the stride that is
// added keeps the dividend positive, because a negative operand of % is wrong on some drivers.
//: if ADJOINT
if ((phase_${axis} + p.pad_${axis} + (p.kernel_${extent} * p.stride_${axis} - k${axis}) * p.dilation_${axis}) % p.stride_${axis} != 0u) { continue; }
//: end
