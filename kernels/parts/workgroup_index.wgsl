// The workgroup's number; the grid is two-dimensional where one dimension is too short for all workgroups.
//: default name = tile
let ${name} = group.y * groups.x + group.x;
