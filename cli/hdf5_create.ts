/** `hdf5:create`: writes HDF5 data files from image files. */

import { type CreatedFile, createFiles, type CreateOutcome } from "../src/create/create.ts";
import { readWindow } from "../src/images/window.ts";
import { Progress } from "../src/report/progress.ts";
import { textTable } from "../src/report/table.ts";
import { StopSignal } from "../src/report/stop_signal.ts";
import { hdf5CreateCommand } from "./commands/hdf5_create.ts";
import { readOptions } from "./options.ts";
import { requireOption } from "./required.ts";
import { run } from "./run.ts";

async function main(): Promise<number> {
  const options = readOptions(Deno.args, hdf5CreateCommand);
  if (!options) return 0;
  const data_path = requireOption("data_path", options.data_path, "a folder of images");
  const save_path = requireOption("save_path", options.save_path, "a folder");
  if (options.window !== undefined) readWindow(options.window);
  using stop = new StopSignal((name) => console.error(`${name}: stopping; the new files are removed`));
  const outcome = await createFiles(
    { ...options, data_path, save_path },
    {
      note: (text) => console.error(text),
      progress: (label, total) => new Progress({ label, total, unit: "files" }),
      stop,
    },
  );
  report(outcome);
  return outcome.exitCode ?? 0;
}

function report({ files, skipped, seconds, peakBytes, workers }: CreateOutcome): void {
  if (files.length === 0) return;
  for (const file of files) console.log(describe(file));
  const images = files.reduce((sum, { tally }) => sum + tally.images, 0);
  if (files.every(({ bytes }) => bytes === undefined)) {
    return console.log(
      `${images} files found, ${skipped} cannot be read; a dry run decodes and writes nothing`,
    );
  }
  console.log(
    `${images} images in ${seconds.toFixed(1)} s, ${
      (images / seconds).toFixed(1)
    } images/s with ${workers} ` +
      `${workers === 1 ? "worker" : "workers"}, at most ${Math.round(peakBytes / 2 ** 20)} MiB of memory; ` +
      `${skipped} ${skipped === 1 ? "file" : "files"} skipped`,
  );
}

function describe({ path, shape, tally, bytes }: CreatedFile): string {
  const size = bytes === undefined ? "not written" : `${(bytes / 1e6).toFixed(1)} MB`;
  const line = `${path}: ${tally.images} images of [${
    shape.join(", ")
  }], ${tally.patients} patients, ${size}`;
  if (tally.classes.length === 0) return line;
  const rows = tally.classes.map(({ name, ...counts }) => [name, ...Object.values(counts)]);
  return `${line}\n\n${textTable(["class", "positive", "negative", "uncertain", "blank"], rows)}\n`;
}

await run(main);
