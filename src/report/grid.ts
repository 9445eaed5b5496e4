/** Pixels of 8 bits, row by row from the top, the channels of a pixel side by side, as a PNG holds them. */
export interface Picture {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
}

/** How a batch of normalised images becomes a picture. */
export interface GridOptions {
  channels: number;
  height: number;
  width: number;
  /** Each channel's mean and standard deviation, as the images were normalised with. */
  mean: readonly number[];
  std: readonly number[];
  /** Images side by side. */
  columns?: number;
}

const GAP = 2;
const SMALLEST_WIDTH = 600;

/**
 * Lays out normalised images [N, C, H, W] in rows of `columns`, black between them, as torchvision's make_grid does.
 * The normalisation is undone (pixel · std + mean) and clamped to 0 … 1. Small images are enlarged by a whole factor,
 * each pixel a square, until the picture is at least about 600 pixels wide.
 *
 * @throws RangeError unless there are 1 or 3 channels, a mean and a std for each, and at least one whole image
 */
export function imageGrid(images: Float32Array, options: GridOptions): Picture {
  const { channels, height, width, mean, std } = options;
  const count = images.length / (channels * height * width);
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`a picture has 1 or 3 channels, not ${channels}`);
  }
  if (mean.length !== channels || std.length !== channels) {
    throw new RangeError(
      `${channels} channels need as many means and deviations, not ${mean.length} and ${std.length}`,
    );
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`${images.length} values are no images of ${channels}×${height}×${width}`);
  }
  const columns = Math.min(options.columns ?? 5, count);
  const factor = Math.max(1, Math.ceil((SMALLEST_WIDTH - GAP * (columns + 1)) / (columns * width)));
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
 * Originals in a row, each above its reconstruction, row after row: both are [N, C, H, W], normalised alike.
 *
 * @throws RangeError as imageGrid, or if there are not as many of one as of the other
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
  // Black after normalisation is undone, for the places that the last row leaves free.
  const images = blackImages(2 * rows * columns, options);
  for (let first = 0, row = 0; first < count; first += columns, row += 2) {
    const [start, end] = [first * size, Math.min(first + columns, count) * size];
    images.set(originals.subarray(start, end), row * columns * size);
    images.set(reconstructions.subarray(start, end), (row + 1) * columns * size);
  }
  return imageGrid(images, { ...options, columns });
}

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
