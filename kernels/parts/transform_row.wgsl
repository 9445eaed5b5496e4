// Second half of a two-dimensional transform: row r of the result from the transformed columns.
let row${r} = transform(
  //: for c in columns
  column${c}.v${r},
  //: end
);
