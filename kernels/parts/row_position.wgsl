// The column and the line of a row's output position among those of its phase.
let column_of${r} = row${r} % p.phase_width;
let line_of${r} = row${r} / p.phase_width % p.phase_height;
