// The column and the line of row r's output position, counted within its phase.
let column_of${r} = row${r} % p.phase_width;
let line_of${r} = row${r} / p.phase_width % p.phase_height;
