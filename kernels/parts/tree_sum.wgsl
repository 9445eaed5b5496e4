// Adds up `sum` over the threads of the workgroup, in a fixed order. There are twice `half` threads. The total is
// sums[0].
//: default half = 32
sums[local.x] = sum;
workgroupBarrier();
for (var step = ${half}u; step > 0u; step /= 2u) {
  if (local.x < step) { sums[local.x] += sums[local.x + step]; }
  workgroupBarrier();
}
