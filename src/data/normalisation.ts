/** The normalisation of images for models: (pixel − mean) / deviation for each channel, with pixels in 0 … 1. */

// The numbers are those of ImageNet's training images, as documented for torchvision's pretrained models.

/** Means of red, green and blue. */
export const imagenetMean: readonly number[] = [0.485, 0.456, 0.406];
/** Standard deviations of red, green and blue. */
export const imagenetDeviation: readonly number[] = [0.229, 0.224, 0.225];

/** Attributes of `img` in a file of normalised images. */
export const normalisationAttributes = {
  mean: [...imagenetMean],
  std: [...imagenetDeviation],
  normalisation: "(pixel in 0..1 - mean) / std for each channel; mean and std of ImageNet, as in torchvision",
};

/**
 * Means and deviations for images with this number of channels: ImageNet's for 3, their averages for 1 (grayscale),
 * undefined for other numbers.
 */
export function normalisationFor(
  channels: number,
): { mean: readonly number[]; deviation: readonly number[] } | undefined {
  if (channels === 3) return { mean: imagenetMean, deviation: imagenetDeviation };
  if (channels === 1) return { mean: [average(imagenetMean)], deviation: [average(imagenetDeviation)] };
  return undefined;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
