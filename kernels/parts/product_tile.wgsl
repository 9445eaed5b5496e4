// The tile of the matrix product that the workgroup computes. Consecutive tiles share their rows.
//: use workgroup_index
if (tile >= p.tiles) { return; }
let column_tile = tile % p.column_tiles;
let row_tile = (tile / p.column_tiles) % p.row_tiles;
