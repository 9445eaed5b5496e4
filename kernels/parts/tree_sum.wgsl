// Adds up `sum` over the workgroup's threads, of which there are twice `half`, always in the same order; sums[0] is the total.
//: default half = 32
sums[local.x] = sum;
workgroupBarrier();
for (var step = ${half}u; step > 0u; step /= 2u) {
  if (local.x < step) { sums[local.x] += sums[local.x + step]; }
  workgroupBarrier();
}
