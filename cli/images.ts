/** `images`: writes originals and a codec's reconstructions as PNG files. */

import { writeImages } from "../src/apply/codec/write_images.ts";
import { UsageError } from "../src/errors.ts";
import { imagesCommand } from "./commands/images.ts";
import { readOptions } from "./options.ts";
import { splitAtCommas } from "./lists.ts";
import { requireCodecPaths } from "./required.ts";
import { run } from "./run.ts";
import { terminal } from "./terminal.ts";

const defaultCount = 16;

async function main(): Promise<number> {
  const options = readOptions(Deno.args, imagesCommand);
  if (!options) return 0;
  const { count, indices } = options;
  const paths = requireCodecPaths(options);
  if (count !== undefined && indices !== undefined) {
    throw new UsageError(`--count ${count}: cannot be given together with --indices`);
  }
  const written = await writeImages({
    ...options,
    ...paths,
    count: count ?? defaultCount,
    indices: indices === undefined ? undefined : parseIndices(indices),
  }, terminal);
  const images = written.count === 1 ? "1 image" : `${written.count} images`;
  console.log(
    `${paths.save_path}: ${images} of ${written.data}; difference maps show differences × ${written.factor}`,
  );
  return 0;
}

function parseIndices(text: string): number[] {
  const parts = splitAtCommas(text);
  const isValid = parts.every((part) => /^\d{1,15}$/.test(part)) &&
    new Set(parts.map(Number)).size === parts.length;
  if (isValid) return parts.map(Number);
  throw new UsageError(
    `--indices ${text}: expected different whole numbers, 0 or larger, separated by commas`,
  );
}

await run(main);
