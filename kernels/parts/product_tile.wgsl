// The tile of the matrix product that the workgroup computes. Consecutive tiles share their rows.
// Declares tile, column_tile and row_tile.
//: use workgroup_index
if (tile >= p.tiles) { return; }
let column_tile = tile % p.column_tiles;
let row_tile = (tile / p.column_tiles) % p.row_tiles;
