/** Grids of normalised images as one picture. */

/** An 8-bit picture, [height, width, channels] in row-major order. */
export interface Picture {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
}

/** The shape and normalisation of images, and the layout of the grid. */
export interface GridOptions {
  channels: number;
  height: number;
  width: number;
  /** The mean of each channel with which the images were normalised. */
  mean: readonly number[];
  /** The standard deviation of each channel with which the images were normalised. */
  std: readonly number[];
  /** Images in a row. Default: 5. */
  columns?: number;
}

/** Pixels between images. */
const GAP = 2;
/** Small images are enlarged until the picture is about this wide, in pixels. */
const MIN_WIDTH = 600;

/**
 * Draws normalised images [N, C, H, W] as a grid with black gaps, in the layout of torchvision's `make_grid`. The
 * normalisation is undone (pixel · std + mean), and pixels are clamped to 0 … 1. Small images are enlarged by an
 * integer factor, without interpolation, until the picture is about 600 pixels wide.
 *
 * @throws {RangeError} if C is neither 1 nor 3, if a channel lacks a mean or a std, or if `images` is not a whole
 * number of images
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const images = new Float32Array(10 * 64 * 64);
 * const grid = imageGrid(images, { channels: 1, height: 64, width: 64, mean: [0.449], std: [0.226] });
 * // Two rows of five images, each enlarged twice, with gaps of two pixels.
 * assertEquals([grid.width, grid.height], [5 * (2 * 64 + 2) + 2, 2 * (2 * 64 + 2) + 2]);
 * ```
 */
export function imageGrid(images: Float32Array, options: GridOptions): Picture {
  const { channels, height, width, mean, std } = options;
  const count = images.length / (channels * height * width);
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`a picture has 1 or 3 channels, not ${channels}`);
  }
  if (mean.length !== channels || std.length !== channels) {
    throw new RangeError(
      `${channels} channels need ${channels} means and deviations, not ${mean.length} and ${std.length}`,
    );
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `${images.length} values are not a whole number of images of ${channels}×${height}×${width}`,
    );
  }
  const columns = Math.min(options.columns ?? 5, count);
  const factor = Math.max(1, Math.ceil((MIN_WIDTH - GAP * (columns + 1)) / (columns * width)));
  const cell = { width: width * factor + GAP, height: height * factor + GAP };
  const picture: Picture = {
    width: columns * cell.width + GAP,
    height: Math.ceil(count / columns) * cell.height + GAP,
    channels,
    data: new Uint8Array(0),
  };
  picture.data = new Uint8Array(picture.width * picture.height * channels);
  for (let image = 0; image < count; image++) {
    const left = GAP + (image % columns) * cell.width;
    const top = GAP + Math.floor(image / columns) * cell.height;
    const offset = image * channels * height * width;
    draw(picture, images.subarray(offset, offset + channels * height * width), options, left, top, factor);
  }
  return picture;
}

/**
 * Draws originals and reconstructions in alternating rows, each reconstruction below its original. Both are [N, C, H,
 * W] with the same normalisation.
 *
 * @throws {RangeError} if there are not equally many originals and reconstructions, or for the reasons of {@linkcode
 * imageGrid}
 */
export function comparison(
  originals: Float32Array,
  reconstructions: Float32Array,
  options: GridOptions,
): Picture {
  if (originals.length !== reconstructions.length) {
    throw new RangeError(
      `${originals.length} values of originals, but ${reconstructions.length} of reconstructions`,
    );
  }
  const size = options.channels * options.height * options.width;
  const count = originals.length / size;
  const columns = Math.max(1, Math.min(options.columns ?? 5, count));
  const rows = Math.ceil(count / columns);
  // Cells that the last row leaves free are black.
  const images = blackImages(2 * rows * columns, options);
  for (let first = 0, row = 0; first < count; first += columns, row += 2) {
    const [start, end] = [first * size, Math.min(first + columns, count) * size];
    images.set(originals.subarray(start, end), row * columns * size);
    images.set(reconstructions.subarray(start, end), (row + 1) * columns * size);
  }
  return imageGrid(images, { ...options, columns });
}

/** Images whose pixels are 0 when the normalisation is undone. */
function blackImages(count: number, { channels, height, width, mean, std }: GridOptions): Float32Array {
  const area = height * width;
  const images = new Float32Array(Number.isInteger(count) ? count * channels * area : 0);
  for (let plane = 0; plane < images.length / area; plane++) {
    const channel = plane % channels;
    images.fill(-(mean[channel] ?? 0) / (std[channel] ?? 1), plane * area, (plane + 1) * area);
  }
  return images;
}

function draw(
  picture: Picture,
  image: Float32Array,
  { channels, height, width, mean, std }: GridOptions,
  left: number,
  top: number,
  factor: number,
): void {
  const rowBytes = picture.width * channels;
  for (let y = 0; y < height; y++) {
    const rowStart = (top + y * factor) * rowBytes + left * channels;
    for (let x = 0; x < width * factor; x++) {
      const source = y * width + Math.floor(x / factor);
      for (let channel = 0; channel < channels; channel++) {
        const value = image[channel * height * width + source]! * std[channel]! + mean[channel]!;
        picture.data[rowStart + x * channels + channel] = Math.round(255 * Math.min(1, Math.max(0, value)));
      }
    }
    const row = picture.data.subarray(rowStart, rowStart + width * factor * channels);
    for (let copy = 1; copy < factor; copy++) picture.data.set(row, rowStart + copy * rowBytes);
  }
}
