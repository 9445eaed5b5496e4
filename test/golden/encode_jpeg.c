/* Encodes raw samples by libjpeg with settings that other programs do not offer:
   encode_jpeg RAW WIDTH HEIGHT COMPONENTS OUT SAMPLING PROGRESSIVE ARITHMETIC RESTART COLOURS
   SAMPLING is like 2x1,1x1,1x1; COLOURS is gray, rgb, ycc, cmyk or ycck: the colours of the file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>

int main(int count, char **arguments) {
  if (count != 11) return 2;
  int width = atoi(arguments[2]), height = atoi(arguments[3]), components = atoi(arguments[4]);
  unsigned char *row = malloc(width * components);
  FILE *in = fopen(arguments[1], "rb"), *out = fopen(arguments[5], "wb");
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_stdio_dest(&jpeg, out);
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = components;
  jpeg.in_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  const char *colours = arguments[10];
  if (!strcmp(colours, "rgb")) jpeg_set_colorspace(&jpeg, JCS_RGB);
  if (!strcmp(colours, "ycck")) jpeg_set_colorspace(&jpeg, JCS_YCCK);
  if (!strcmp(colours, "cmyk")) jpeg_set_colorspace(&jpeg, JCS_CMYK);
  jpeg_set_quality(&jpeg, 85, TRUE);
  char *factors = arguments[6];
  for (int i = 0; i < components; i++, factors = strchr(factors, ',') ? strchr(factors, ',') + 1 : factors)
    sscanf(factors, "%dx%d", &jpeg.comp_info[i].h_samp_factor, &jpeg.comp_info[i].v_samp_factor);
  if (atoi(arguments[7])) jpeg_simple_progression(&jpeg);
  jpeg.arith_code = atoi(arguments[8]);
  jpeg.restart_interval = atoi(arguments[9]);
  jpeg_start_compress(&jpeg, TRUE);
  while (fread(row, components, width, in) == (size_t)width) jpeg_write_scanlines(&jpeg, &row, 1);
  jpeg_finish_compress(&jpeg);
  return fclose(out);
}
