/** Checks that required options are given. */

import { UsageError } from "../src/errors.ts";

/** @throws {UsageError} if the option is not given */
export function requireOption(name: string, value: string | undefined, expected: string): string {
  if (value === undefined) throw new UsageError(`--${name} is missing: expected ${expected}`);
  return value;
}

/** The value of `--data_path` of commands that read HDF5 files. */
export function requireDataPath(data_path: string | undefined): string {
  return requireOption("data_path", data_path, "an HDF5 file or a folder of HDF5 files");
}

/** The paths that the commands which apply a codec need. */
export function requireCodecPaths(
  { model, data_path, save_path }: { model?: string; data_path?: string; save_path?: string },
): { vqvae_file: string; data_path: string; save_path: string } {
  return {
    vqvae_file: requireOption("model", model, "a file with a codec's weights"),
    data_path: requireDataPath(data_path),
    save_path: requireOption("save_path", save_path, "a folder"),
  };
}
