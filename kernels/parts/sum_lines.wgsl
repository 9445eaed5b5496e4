// Adds up the values that the LINES threads of a quad have stored in workgroup memory, in a fixed order.
//: default sums = sums
//: default total = total
var ${total} = vec4f();
for (var row = 0u; row < ${LINES}u; row++) { ${total} += ${sums}[row * 8u + local.x]; }
