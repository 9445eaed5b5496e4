/** The options of a run of classifier training. */

import type { DensenetConfiguration } from "../../models/densenet/configuration.ts";
import type { ClassifierInput } from "../../trained/classifier.ts";
import type { RunOptions } from "../run_options.ts";

/** See the help of `train:densenet`. */
export interface TrainDensenetOptions extends RunOptions {
  /** What the classifier sees: original images, a codec's reconstructions or its latents. */
  recon: ClassifierInput;
  /** A codec that makes reconstructions or latents of original images on the fly. */
  vqvae_file?: string;
  /** torchvision's ImageNet weights. */
  pretrained?: string;
  /** Default: the file's number of labels. */
  n_classes?: number;
  /** The weights of positive labels: "auto", a number, or a number for each class, separated by commas. */
  pos_weight: string;
  /** Adam's decays of its moments. */
  b1: number;
  b2: number;
  weight_decay: number;
  /** The network apart from its input and its classes. */
  architecture: Omit<DensenetConfiguration, "n_classes" | "latent_channels">;
}
