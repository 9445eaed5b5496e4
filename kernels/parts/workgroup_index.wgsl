// The index of the workgroup. The grid has two dimensions if there are more workgroups than fit into one.
// Declares `tile` by default.
//: default name = tile
let ${name} = group.y * groups.x + group.x;
