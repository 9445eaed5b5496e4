// Adds up two values that the LINES threads of a quad have stored in workgroup memory, in a fixed order.
var ${first_total} = vec4f();
var ${second_total} = vec4f();
for (var row = 0u; row < ${LINES}u; row++) {
  ${first_total} += ${first_sums}[row * 8u + local.x];
  ${second_total} += ${second_sums}[row * 8u + local.x];
}
