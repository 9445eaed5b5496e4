// The column and the line of row r's output position, counted within its phase.
// Needs the counter r and the row. Declares line_of and column_of the row.
let column_of${r} = row${r} % p.phase_width;
let line_of${r} = row${r} / p.phase_width % p.phase_height;
