// The thread's number in the whole grid, whose workgroups have `threads` threads in a row.
//: default name = index
//: default threads = 64
//: default thread = local.x
let ${name} = (group.y * groups.x + group.x) * ${threads}u + ${thread};
