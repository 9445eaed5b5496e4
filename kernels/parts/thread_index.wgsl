// The index of the thread in the whole grid. Workgroups have `threads` threads in a row; `thread` is the index in the
// row.
//: default name = index
//: default threads = 64
//: default thread = local.x
let ${name} = (group.y * groups.x + group.x) * ${threads}u + ${thread};
