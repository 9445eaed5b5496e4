/** Options for data files in other layouts than the usual one. */

/** What a data file's images are called, and which values are black and white. */
export const imageFileOptions = {
  images_key: { kind: "text", value: "NAME", help: "HDF5 dataset of the images; default: img" },
  input_range: {
    kind: "text",
    value: "RANGE",
    help:
      "values of black and white in the file, such as 0..4095, or normalized; default: auto, by the file's attributes, the type of its numbers or a sample of its images",
  },
} as const;

/** The same, and what the labels are called. */
export const dataFileOptions = {
  ...imageFileOptions,
  labels_key: { kind: "text", value: "NAME", help: "HDF5 dataset of the labels; default: labels" },
} as const;
