/** Options that several commands have. */

import { UsageError } from "../src/errors.ts";

export const adapterOption = {
  adapter: { kind: "text", value: "NAME", help: "GPU by its index or a part of its name" },
} as const;

/** How data files are found in a folder. */
export const nameOptions = {
  dataset: { kind: "text", value: "NAME", help: "the data set in the usual file names", default: "CheXpert" },
  view: { kind: "text", value: "NAME", help: "the view in the usual file names", default: "frontal" },
  size: { kind: "integer", least: 1, help: "side of the images; that of the file if left out" },
} as const;

/** A codec and the data file that it is applied to. */
export const codecOptions = {
  vqvae_file: {
    kind: "text",
    value: "FILE",
    help: "the codec: vqray's .safetensors, or PyTorch's weights in .pt, .pth or .safetensors",
  },
  data_path: {
    kind: "text",
    value: "PATH",
    help: "images: an HDF5 file, or a folder of files with the usual names",
  },
} as const;

/** The value of --data_path; throws a UsageError where it is missing. */
export function requireDataPath(data_path: string | undefined): string {
  if (data_path === undefined) throw new UsageError("--data_path: expected an HDF5 file or a folder of them");
  return data_path;
}

/** The paths that a codec's work needs; throws a UsageError that names the first that is missing. */
export function requireCodecPaths(
  { vqvae_file, data_path, save_path }: { vqvae_file?: string; data_path?: string; save_path?: string },
): { vqvae_file: string; data_path: string; save_path: string } {
  if (vqvae_file === undefined) throw new UsageError("--vqvae_file: expected a codec's weights");
  const data = requireDataPath(data_path);
  if (save_path === undefined) throw new UsageError("--save_path: expected a folder");
  return { vqvae_file, data_path: data, save_path };
}
