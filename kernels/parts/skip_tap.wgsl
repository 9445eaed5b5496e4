// ADJOINT: skips a row (axis = y) or column (axis = x) of taps that no output position of this phase uses. Adding a
// multiple of the stride keeps the dividend positive, because % with a negative operand is wrong on some drivers.
//: if ADJOINT
if ((phase_${axis} + p.pad_${axis} + (p.kernel_${extent} * p.stride_${axis} - k${axis}) * p.dilation_${axis}) % p.stride_${axis} != 0u) { continue; }
//: end
