// NORMALISE: what the quad `at` of input channels is multiplied by, and what is added to it.
//: default scale = scale
//: default shift = shift
//: if NORMALISE
let ${scale} = coefficients[${at}];
let ${shift} = coefficients[p.in_quads + ${at}];
//: end
