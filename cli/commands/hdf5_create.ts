/** The options of `hdf5:create`. */

import { defineCommand } from "../command.ts";

export const hdf5CreateCommand = defineCommand({
  name: "hdf5:create",
  summary: "write HDF5 files for training from PNG, JPEG, WebP, BMP, DICOM or NIfTI images, split by patient",
  examples: [
    "./vqray hdf5:create --data_path CheXpert-v1.0-small --csv CheXpert-v1.0-small/train.csv --save_path data",
    "./vqray hdf5:create --data_path xrays --csv list.csv --path_column file --label_columns edema,fracture --patient_column id --save_path data",
    "./vqray hdf5:create --data_path folder_of_classes --size 64 --channels 1 --dtype uint8 --save_path data",
    "./vqray hdf5:create --data_path mimic-cxr-jpg --csv mimic-cxr-2.0.0-metadata.csv.gz --labels_csv mimic-cxr-2.0.0-chexpert.csv.gz --split_csv mimic-cxr-2.0.0-split.csv.gz --save_path data",
    "./vqray hdf5:create --data_path nih --csv nih/Data_Entry_2017.csv --test_list nih/test_list.txt --save_path data",
  ],
  options: {
    data_path: {
      kind: "text",
      value: "PATH",
      help:
        "folder of the images (required), outside which nothing is read; or an .npz file such as MedMNIST's",
    },
    csv: {
      kind: "text",
      value: "FILE",
      help:
        "table of the images: of CheXpert, ChestX-ray14, MIMIC-CXR, PadChest, RSNA, VinDr-CXR, or another; default: none, and sub-folders are classes",
    },
    labels_csv: {
      kind: "text",
      value: "FILE",
      help: "MIMIC-CXR's table of labels, if --csv is its table of images",
    },
    save_path: { kind: "text", value: "FOLDER", help: "folder of the new files (required)" },
    dataset: {
      kind: "text",
      value: "NAME",
      help: "data set in the names of the new files; default: from the table or the folder",
    },
    path_column: { kind: "text", value: "NAME", help: "column of the table with the paths" },
    label_columns: {
      kind: "text",
      value: "NAMES",
      help: "columns of the table with labels: a,b,c or first..last; default: no labels",
    },
    class_column: {
      kind: "text",
      value: "NAME",
      help: "column of the table with an image's class, a word or a number; instead of --label_columns",
    },
    label_separator: {
      kind: "text",
      value: "TEXT",
      help: "text between the words of a label; default: | or ; if a label has it",
    },
    negative_label: {
      kind: "text",
      value: "WORD",
      help: 'word of a label column that stands for none of the classes; default: "No Finding"',
    },
    several_rows: {
      kind: "text",
      choices: ["largest", "majority", "refuse"],
      value: "NAME",
      help:
        "labels of an image that has several rows: largest (1, then -1, 0, nothing), majority or refuse; default: largest",
    },
    split_column: {
      kind: "text",
      value: "NAME",
      help: "column of --csv or --split_csv that holds train, valid or test; instead of --split",
    },
    split_csv: {
      kind: "text",
      value: "FILE",
      help: "table of the split, such as MIMIC-CXR's, which shares a column with --csv",
    },
    test_list: {
      kind: "text",
      value: "FILE",
      help: "text file with the names of the test images, such as ChestX-ray14's; --split divides the others",
    },
    patient_column: { kind: "text", value: "NAME", help: "column of the table that identifies the patient" },
    patient_pattern: {
      kind: "text",
      value: "REGEX",
      help: "regular expression whose first group matches the patient in a path",
    },
    view_column: { kind: "text", value: "NAME", help: "column of the table with the view" },
    view: {
      kind: "text",
      choices: ["frontal", "lateral", "all"],
      value: "NAME",
      help: "frontal, lateral or all; default: frontal if the table has views, otherwise all",
    },
    uncertain: {
      kind: "text",
      choices: ["zeros", "ones", "ignore"],
      value: "NAME",
      help: "how to read a label of -1: zeros, ones or ignore, which leaves the label out of training",
      default: "zeros",
    },
    blank: {
      kind: "text",
      choices: ["zeros", "ignore"],
      value: "NAME",
      help: "how to read an empty label: zeros or ignore",
      default: "zeros",
    },
    max_value: {
      kind: "integer",
      least: 1,
      help: "white in PNG images of 16 bits, such as 4095 if they have 12 bits; default: 65535",
    },
    window: {
      kind: "text",
      value: "C/W",
      help: "window of DICOM and NIfTI images: CENTER/WIDTH, auto, or CT's lung, bone, soft_tissue, brain; " +
        "default: the file's own",
    },
    axis: {
      kind: "integer",
      choices: [0, 1, 2],
      help: "axis along which NIfTI volumes are cut into images: turned by their headers, " +
        "0 is sagittal, 1 coronal, 2 axial",
      default: 2,
    },
    orientation: {
      kind: "text",
      choices: ["patient", "stored"],
      value: "NAME",
      help:
        "patient turns NIfTI volumes by their headers, to the patient's right, front and head; stored does not",
      default: "patient",
    },
    blank_slices: { kind: "flag", help: "write slices of NIfTI volumes in which all pixels are equal, too" },
    size: { kind: "integer", least: 1, help: "side of the images in pixels", default: 256 },
    split: {
      kind: "number",
      least: 0,
      help: "share of the patients for training; 1 or 0 writes one file",
      default: 0.9,
    },
    seed: { kind: "integer", least: 0, help: "seed of the split", default: 816 },
    dtype: {
      kind: "text",
      choices: ["float32", "uint8"],
      value: "NAME",
      help: "float32, normalised, or uint8, a quarter of the size",
      default: "float32",
    },
    channels: { kind: "integer", choices: [1, 3], help: "channels of the images: 1 or 3", default: 3 },
    compression: {
      kind: "text",
      choices: ["gzip", "none"],
      value: "NAME",
      help: "gzip or none",
      default: "none",
    },
    labels: { kind: "flag", help: "sub-folders are classes, and tables have labels", default: true },
    paths: { kind: "flag", help: "store each image's path in the file", default: true },
    num_workers: {
      kind: "integer",
      least: 1,
      help: "images decoded at the same time; default: the number of processors",
    },
    strict: { kind: "flag", help: "stop at the first file that cannot be read" },
    dry_run: { kind: "flag", help: "only count images, patients and labels; decode and write nothing" },
    overwrite: { kind: "flag", help: "replace existing files" },
  },
});
