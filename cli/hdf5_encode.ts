/** `hdf5:encode`: writes the reconstructions and latents of a data file. */

import { type EncodedFile, encodeFiles } from "../src/apply/codec/encode_file.ts";
import { hdf5EncodeCommand } from "./commands/hdf5_encode.ts";
import { readOptions } from "./options.ts";
import { requireCodecPaths } from "./required.ts";
import { run } from "./run.ts";
import { stopAfter, terminal } from "./terminal.ts";

async function main(): Promise<number> {
  const options = readOptions(Deno.args, hdf5EncodeCommand);
  if (!options) return 0;
  const paths = requireCodecPaths(options);
  using stop = stopAfter("batch");
  const { files, exitCode } = await encodeFiles({ ...options, ...paths }, { ...terminal, stop });
  for (const file of files) console.log(describe(file));
  if (exitCode !== undefined) {
    console.error(`${paths.save_path}: not finished; repeat the command with --resume to continue`);
  }
  return exitCode ?? 0;
}

function describe({ path, shape: [count, ...image], bytes, imagesPerSecond }: EncodedFile): string {
  const speed = imagesPerSecond === undefined ? "" : `, ${imagesPerSecond.toFixed(1)} images/s`;
  return `${path}: ${count} images of [${image.join(", ")}], ${(bytes / 1e6).toFixed(1)} MB${speed}`;
}

await run(main);
