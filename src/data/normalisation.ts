/**
 * The normalisation that every image goes through before a model sees it: (pixel − mean) / deviation for each channel,
 * with pixels in 0 … 1 and the means and standard deviations of ImageNet's training images (the numbers that
 * torchvision's pretrained models are documented with).
 */
export const imagenetMean: readonly number[] = [0.485, 0.456, 0.406];
export const imagenetDeviation: readonly number[] = [0.229, 0.224, 0.225];

/** What a file of normalised images says about itself, as attributes of its `img`. */
export const normalisationAttributes = {
  mean: [...imagenetMean],
  std: [...imagenetDeviation],
  normalisation: "(pixel in 0..1 - mean) / std for each channel; mean and std of ImageNet, as in torchvision",
};

/**
 * Means and deviations for images of `channels` channels: ImageNet's for 3, their averages for 1 (grayscale).
 * Other counts are not photographs and have no normalisation: undefined.
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
