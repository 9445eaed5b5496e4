/** Writes data files from an `.npz` file, a file for each of its splits. */

import { ImageFileWriter } from "../data/write.ts";
import { UsageError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { FileSource } from "../io/file_source.ts";
import { makeFolder } from "../io/atomic.ts";
import { fileAttributes, gzipLevel } from "./attributes.ts";
import { type ArraySet, arraySetName, type ArraySplit, readArrays } from "./from_arrays.ts";
import { trainingLabel } from "./listing.ts";
import type { CreateContext, CreatedFile, CreateOptions, CreateOutcome } from "./options.ts";
import { Tally } from "./tally.ts";
import { findTargets } from "./targets.ts";

/** Images between two looks at signals. */
const imagesAtOnce = 256;
/** Bytes of `test/` and an index. */
const pathBytes = 16;

/**
 * Writes the splits of an `.npz` file.
 *
 * @throws {UsageError} if options contradict the file
 * @throws {DataError} if the file cannot be read, or a data file exists or cannot be written
 */
export async function createFromArrays(
  options: CreateOptions,
  context: CreateContext,
): Promise<CreateOutcome> {
  const started = performance.now();
  const { data_path: path } = options;
  using file = await Deno.open(path).catch((error) => {
    throw fileError(path, "cannot read", error);
  });
  const source = new FileSource(file, (await file.stat()).size);
  const set = named(path, () => readArrays(source, options));
  for (const note of set.notes) context.note(`${path}: ${note}`);
  const files = await writeSplits(set, options, context);
  return {
    files,
    skipped: 0,
    seconds: (performance.now() - started) / 1000,
    peakBytes: Deno.memoryUsage().rss,
    workers: 1,
    exitCode: context.stop.exitCode,
  };
}

/** Writes a file for each split, or counts its images in a dry run. No file is left if a signal comes. */
async function writeSplits(
  set: ArraySet,
  options: CreateOptions,
  context: CreateContext,
): Promise<CreatedFile[]> {
  const dataset = options.dataset ?? arraySetName(options.data_path);
  const splits = set.splits.map(({ split }) => split);
  const targets = await findTargets({ dataset, view: "all", splits }, options);
  if (!options.dry_run) await makeFolder(options.save_path);
  const files: CreatedFile[] = [];
  const writers: ImageFileWriter[] = [];
  try {
    for (const split of set.splits) {
      const tally = new Tally(set.classNames);
      const target = targets.get(split.split)!;
      files.push({ path: target, shape: [options.channels, options.size, options.size], tally });
      const writer = options.dry_run ? undefined : await createWriter(target, set, split, dataset, options);
      if (writer) writers.push(writer);
      await copyImages(split, tally, writer, options, context);
      if (context.stop.exitCode === undefined) continue;
      for (const each of writers) each.abort();
      return [];
    }
    await ImageFileWriter.finishTogether(writers);
  } catch (error) {
    for (const writer of writers) writer.abort();
    throw error;
  }
  if (!options.dry_run) { for (const created of files) created.bytes = (await Deno.stat(created.path)).size; }
  return files;
}

/** Runs `read`, whose errors do not name the file. */
function named<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw error instanceof UsageError ? error : fileError(path, "cannot read", error);
  }
}

function createWriter(
  target: string,
  { classNames, labelCount }: ArraySet,
  { split }: ArraySplit,
  dataset: string,
  options: CreateOptions,
): Promise<ImageFileWriter> {
  const { channels, size, dtype, compression, data_path, paths } = options;
  return ImageFileWriter.create(target, {
    shape: [channels, size, size],
    labelCount,
    dtype,
    gzip: compression === "gzip" ? gzipLevel : undefined,
    pathBytes: paths ? pathBytes : undefined,
    attributes: fileAttributes(
      { source: arraySetName(data_path), dataset, view: "all", classNames },
      options,
      split,
    ),
  });
}

/** Writes the images of a split, or, without a writer, counts them. */
async function copyImages(
  split: ArraySplit,
  tally: Tally,
  writer: ImageFileWriter | undefined,
  options: CreateOptions,
  { progress, stop }: CreateContext,
): Promise<void> {
  const bar = progress(split.split, split.count);
  let index = 0;
  const images = split.images();
  const next = () => named(options.data_path, () => images.next());
  for (let each = next(); !each.done; each = next()) {
    const { pixels, labels } = each.value;
    const path = `${split.split}/${index}`;
    const own = Float32Array.from(labels, (label) => trainingLabel(label, options));
    writer?.append(pixels, own, [path]);
    tally.add({ path, labels: tally.classes.length > 0 ? labels : [] }, path, 1);
    if (++index % imagesAtOnce > 0) continue;
    bar.update(index);
    // Lets signals arrive.
    await new Promise((resolve) => setTimeout(resolve));
    if (stop.exitCode !== undefined) break;
  }
  bar.update(index);
  bar.finish();
}
