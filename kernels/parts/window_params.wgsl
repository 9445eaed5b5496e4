// Members of Params: the images on both sides of a convolution, with channels in quads, and the window.
images: u32, in_height: u32, in_width: u32, in_quads: u32,
out_height: u32, out_width: u32, out_quads: u32,
kernel_height: u32, kernel_width: u32,
stride_y: u32, stride_x: u32, pad_y: u32, pad_x: u32, dilation_y: u32, dilation_x: u32,
