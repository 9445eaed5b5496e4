// Second half of a two-dimensional transform: row r of the result from the transformed columns.
// Needs the counter r and column0 to column{columns − 1}. Declares row r.
let row${r} = transform(
  //: for c in columns
  column${c}.v${r},
  //: end
);
