// NORMALISE: normalises a loaded quad of the input. RELU: also rectifies it.
//: default scale = scale
//: default shift = shift
//: if NORMALISE
${value} = ${RELU ? "max" : "vec4f"}(fma(${value}, ${scale}, ${shift})${RELU ? ", vec4f()" : ""});
//: end
