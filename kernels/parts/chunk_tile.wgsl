// Sums over positions: a workgroup takes 8 quads of one chunk of positions.
//: use workgroup_index
if (tile >= p.tiles) { return; }
let part = tile / p.column_tiles;
let quad = tile % p.column_tiles * 8u + local.x;
