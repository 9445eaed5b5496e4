// The tile of M × M outputs that the thread transforms, and the coordinates of its first output.
let tile = p.first_tile + index / p.out_quads;
let left = tile % p.tile_columns * ${M}u;
let top = tile / p.tile_columns % p.tile_rows * ${M}u;
