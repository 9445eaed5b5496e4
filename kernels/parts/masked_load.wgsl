// Loads a quad of the input and multiplies it by a mask, which is zero for padding. With NORMALISE the quad is
// normalised first, with RELU also rectified. So normalised values are never stored.
//: default scale = scale
//: default shift = shift
//: if NORMALISE
let ${to} = ${RELU ? "max" : "vec4f"}(fma(${from}, ${scale}, ${shift})${RELU ? ", vec4f()" : ""}) * ${mask};
//: else
let ${to} = ${from} * ${mask};
//: end
