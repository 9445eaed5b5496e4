// Adds up what the LINES threads of a quad have left in workgroup memory, in their order.
//: default sums = sums
//: default total = total
var ${total} = vec4f();
for (var row = 0u; row < ${LINES}u; row++) { ${total} += ${sums}[row * 8u + local.x]; }
