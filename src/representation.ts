/** What images are represented by: in data files, and as a classifier's inputs. */

/**
 * Original images, a codec's reconstructions of them, or its latents. The names are those in files' names and
 * metadata.
 */
export const representations = ["orig", "recon", "latent"] as const;

/** One of {@linkcode representations}. */
export type Representation = typeof representations[number];
