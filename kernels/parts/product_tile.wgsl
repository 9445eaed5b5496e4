// The workgroup's tile of the matrix product; tiles side by side share their rows.
//: use workgroup_index
if (tile >= p.tiles) { return; }
let column_tile = tile % p.column_tiles;
let row_tile = (tile / p.column_tiles) % p.row_tiles;
