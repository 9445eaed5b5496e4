// The initial value of a sum: quad `at` of the bias, or zero.
// Declares `start` by default, or what the argument `declaration` says.
//: default declaration = let start
//: if BIAS
${declaration} = bias[${at}];
//: else
${declaration} = vec4f();
//: end
