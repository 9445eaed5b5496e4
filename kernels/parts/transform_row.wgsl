// The second half of a two-dimensional transform: a row of the tile from its transformed columns.
let row${r} = transform(
  //: for c in columns
  column${c}.v${r},
  //: end
);
