// The initial value of a sum: quad `at` of the bias, or zero.
//: default declaration = let start
//: if BIAS
${declaration} = bias[${at}];
//: else
${declaration} = vec4f();
//: end
