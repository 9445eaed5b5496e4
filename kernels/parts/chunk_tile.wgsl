// For sums over positions: the chunk of positions and the 8 quads that the workgroup sums; a thread has one of the
// quads.
//: use workgroup_index
if (tile >= p.tiles) { return; }
let part = tile / p.column_tiles;
let quad = tile % p.column_tiles * 8u + local.x;
