// The index of the workgroup. The grid has two dimensions if there are more workgroups than fit into one.
//: default name = tile
let ${name} = group.y * groups.x + group.x;
