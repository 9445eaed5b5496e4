/** What a run of classifier training is asked for. */

import type { DensenetConfiguration } from "../../models/densenet/configuration.ts";
import type { ClassifierInput } from "../../trained/classifier.ts";
import type { RunOptions } from "../run_options.ts";

export interface TrainDensenetOptions extends RunOptions {
  recon: ClassifierInput;
  /** A codec that makes reconstructions or latents of original images on the fly. */
  vqvae_file?: string;
  /** torchvision's ImageNet weights. */
  pretrained?: string;
  /** As many as the file has labels, where it is missing. */
  n_classes?: number;
  /** "auto", a number, or a number for each class with commas between them. */
  pos_weight: string;
  b1: number;
  b2: number;
  weight_decay: number;
  /** The network but for its input and its classes. */
  architecture: Omit<DensenetConfiguration, "n_classes" | "latent_channels">;
}
