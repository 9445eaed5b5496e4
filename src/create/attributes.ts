/** The attributes of a file's `img`, from which readers learn how it was made. */

import { basename } from "node:path";
import type { Attribute } from "../data/append.ts";
import { normalisationAttributes, normalisationFor } from "../data/normalisation.ts";
import type { Split } from "./listing.ts";
import type { CreateOptions } from "./options.ts";

/** Level of gzip for `--compression gzip`. */
export const gzipLevel = 4;

/** Where a file's images come from. */
export interface Provenance {
  /** Name of the list, the folder or the file of arrays. */
  source: string;
  dataset: string;
  view: string;
  /** The names of the labels; empty if they have none. */
  classNames: readonly string[];
}

/** The attributes of a data file for one part of a data set. */
export function fileAttributes(
  { source, dataset, view, classNames }: Provenance,
  options: CreateOptions,
  split: Split,
): Record<string, Attribute> {
  const { channels, dtype, uncertain, blank, seed, split_csv, split_column, test_list } = options;
  const { mean, deviation } = normalisationFor(channels)!;
  const normalisation: Record<string, Attribute> = dtype === "float32"
    ? { ...normalisationAttributes, mean, std: deviation }
    : { pixels: "0 .. 255; readers scale them to 0 .. 1 and normalise them" };
  const official = split_csv ?? split_column ?? test_list;
  return {
    ...(classNames.length > 0 && {
      class_names: classNames,
      label_policy: `uncertain: ${uncertain}, not mentioned: ${blank}`,
    }),
    ...normalisation,
    content: "originals",
    resizing: "longer side to the image's size by Lanczos, centred on black",
    source,
    dataset,
    view,
    split,
    split_share: options.split,
    split_seed: seed,
    ...(official !== undefined && { split_source: basename(official) }),
  };
}
