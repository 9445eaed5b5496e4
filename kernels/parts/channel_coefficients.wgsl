// NORMALISE: loads the factor and the summand for quad `at` of the input channels.
//: default scale = scale
//: default shift = shift
//: if NORMALISE
let ${scale} = coefficients[${at}];
let ${shift} = coefficients[p.in_quads + ${at}];
//: end
