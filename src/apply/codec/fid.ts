/** The Fréchet Inception Distance between originals and reconstructions (Heusel et al. 2017). */

import type { Gpu } from "../../gpu/device.ts";
import { FeatureStatistics, frechetDistance } from "../../metrics/frechet.ts";
import type { Pixels } from "../../metrics/pictures.ts";
import { featureCount } from "../../models/inception/model.ts";
import { FeatureExtractor } from "../../trained/inception.ts";
import type { ModelWeights } from "../../trained/network.ts";

/** The note that accompanies every such distance. */
export const aboutFid =
  "Fréchet Inception Distances grow as the number of images falls: compare only distances over equal numbers of images, " +
  "preferably thousands. The features were learned from photographs.";

/** Accumulates the features of pictures, for one data file after another. */
export class FidMeasure {
  private readonly extractor: FeatureExtractor;
  private originals = new FeatureStatistics(featureCount);
  private reconstructions = new FeatureStatistics(featureCount);

  constructor(gpu: Gpu, weights: ModelWeights) {
    this.extractor = new FeatureExtractor(gpu, weights);
  }

  /** Adds pictures and their reconstructions. */
  async add(pairs: readonly { original: Pixels; reconstruction: Pixels }[]): Promise<void> {
    for (const feature of await this.extractor.features(pairs.map(({ original }) => original))) {
      this.originals.add(feature);
    }
    for (const feature of await this.extractor.features(pairs.map(({ reconstruction }) => reconstruction))) {
      this.reconstructions.add(feature);
    }
  }

  /** The distance between the pictures and the reconstructions added since the last call. */
  distance(): number {
    const distance = frechetDistance(this.originals, this.reconstructions);
    this.originals = new FeatureStatistics(featureCount);
    this.reconstructions = new FeatureStatistics(featureCount);
    return distance;
  }

  /** Frees the GPU's memory. */
  close(): void {
    this.extractor.close();
  }
}
