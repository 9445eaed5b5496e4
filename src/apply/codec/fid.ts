/** The Fréchet Inception Distance between originals and reconstructions (Heusel et al. 2017). */

import type { Gpu } from "../../gpu/device.ts";
import { FeatureStatistics, frechetDistance } from "../../metrics/frechet.ts";
import type { Pixels } from "../../metrics/pictures.ts";
import { featureCount } from "../../models/inception/model.ts";
import { FeatureExtractor } from "../../trained/inception.ts";
import type { ModelWeights } from "../../trained/network.ts";

/** What is said with every such distance. */
export const aboutFid =
  "Fréchet Inception Distances grow as images get fewer: compare them only at equal numbers of images, best of some thousands. " +
  "The features were learned from photographs.";

/** Gathers pictures' features, one data file at a time. */
export class FidMeasure {
  private readonly extractor: FeatureExtractor;
  private originals = new FeatureStatistics(featureCount);
  private reconstructions = new FeatureStatistics(featureCount);

  constructor(gpu: Gpu, weights: ModelWeights) {
    this.extractor = new FeatureExtractor(gpu, weights);
  }

  async add(pairs: readonly { original: Pixels; reconstruction: Pixels }[]): Promise<void> {
    for (const feature of await this.extractor.features(pairs.map(({ original }) => original))) {
      this.originals.add(feature);
    }
    for (const feature of await this.extractor.features(pairs.map(({ reconstruction }) => reconstruction))) {
      this.reconstructions.add(feature);
    }
  }

  /** The distance between what was added since the last one. */
  distance(): number {
    const distance = frechetDistance(this.originals, this.reconstructions);
    this.originals = new FeatureStatistics(featureCount);
    this.reconstructions = new FeatureStatistics(featureCount);
    return distance;
  }

  close(): void {
    this.extractor.close();
  }
}
