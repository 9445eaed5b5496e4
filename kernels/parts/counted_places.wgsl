// The numbers of rows and columns of a window that its mean counts.
let counted_y = min(top + ${KERNEL_HEIGHT}u, p.high_y) - max(top, p.low_y);
let counted_x = min(left + ${KERNEL_WIDTH}u, p.high_x) - max(left, p.low_x);
