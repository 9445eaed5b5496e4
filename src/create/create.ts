/** Writes data files from image files: decodes on all processors, writes in the list's order, splits by patient. */

import { isAbsolute } from "node:path";
import { completeCommits } from "../data/commit.ts";
import { ImageFileWriter } from "../data/write.ts";
import { DataError } from "../errors.ts";
import { DecoderPool, isUnreadable, type Unreadable } from "../images/decoder_pool.ts";
import { resolveInside } from "../images/file_inside.ts";
import { readWindow } from "../images/window.ts";
import { makeFolder } from "../io/atomic.ts";
import { printable } from "../io/printable.ts";
import { inOrder } from "../workers/in_order.ts";
import { fileAttributes, gzipLevel } from "./attributes.ts";
import { createFromArrays } from "./create_from_arrays.ts";
import { isArrayFile } from "./from_arrays.ts";
import { FileWarnings } from "./warnings.ts";
import type { StoredImages, StoreRequest } from "./image_worker.ts";
import { type Split, trainingLabel } from "./listing.ts";
import type { CreateContext, CreatedFile, CreateOptions, CreateOutcome } from "./options.ts";
import { makePlan, type Plan, type PlannedEntry } from "./plan.ts";
import { SampleDepth } from "./sample_depth.ts";
import { Tally } from "./tally.ts";

export type { CreatedFile, CreateOutcome };

const workerUrl = new URL("./image_worker.ts", import.meta.url);
/** Requests under way for each worker: enough that no worker waits while one decodes a slow image. */
const aheadPerWorker = 4;
/** Files that a dry run looks up at a time. */
const lookUpsAtATime = 16;
/** Bytes reserved after a path for the number of a frame. */
const frameBytes = 8;

/**
 * Writes `{dataset}_{split}_{size}_{view}_normalized.hdf5` from the images of a list, a folder or an `.npz` file. Files
 * that cannot be read are reported and left out. The data files get their names once all of them are complete; a run
 * that fails or is stopped leaves none. If it is stopped while it names them, the next run completes that.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodePng } from "../io/png.ts";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.mkdir(`${folder}/xrays`);
 * const data = new Uint8Array(20 * 10).fill(128);
 * await Deno.writeFile(`${folder}/xrays/a.png`, encodePng({ width: 20, height: 10, channels: 1, data }));
 * const progress = { update() {}, log() {}, clear() {}, finish() {} };
 * const { files } = await createFiles({
 *   data_path: `${folder}/xrays`,
 *   save_path: `${folder}/out`,
 *   size: 8,
 *   channels: 1,
 *   dtype: "uint8",
 *   compression: "none",
 *   split: 1,
 *   seed: 816,
 *   uncertain: "zeros",
 *   blank: "zeros",
 *   labels: true,
 *   paths: true,
 *   strict: false,
 *   dry_run: false,
 *   overwrite: false,
 *   num_workers: 1,
 * }, { note() {}, progress: () => progress, stop: { exitCode: undefined } });
 * assertEquals(files.map(({ path }) => path), [`${folder}/out/xrays_train_8_orig.hdf5`]);
 * assertEquals(files.map(({ shape, tally }) => [shape, tally.images]), [[[1, 8, 8], 1]]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @throws {UsageError} if options contradict each other or the list
 * @throws {DataError} if the list or folder is unusable, no image can be read, a data file exists or cannot be written,
 * or `strict` is set and a file cannot be read
 */
export async function createFiles(options: CreateOptions, context: CreateContext): Promise<CreateOutcome> {
  const started = performance.now();
  if (!options.dry_run) {
    const completed = await completeCommits(options.save_path);
    if (completed.length > 0) {
      context.note(
        `${options.save_path}: completed ${completed.join(" and ")} of an earlier run that was stopped`,
      );
    }
  }
  if (isArrayFile(options.data_path)) return await createFromArrays(options, context);
  const plan = await makePlan(options, context);
  const workers = options.num_workers ?? navigator.hardwareConcurrency;
  const run = new CreateRun(plan, options, context);
  try {
    if (!options.dry_run) await makeFolder(options.save_path);
    await (options.dry_run ? run.lookUp() : run.decode(workers));
    const { exitCode } = context.stop;
    if (exitCode !== undefined) run.abort();
    const files = exitCode === undefined ? await run.finish() : [];
    const seconds = (performance.now() - started) / 1000;
    return { files, skipped: run.skipped, seconds, peakBytes: run.peakBytes, workers, exitCode };
  } catch (error) {
    run.abort();
    throw error;
  }
}

/** A data file under construction. */
interface Part {
  path: string;
  tally: Tally;
  /** Created with the first image. */
  writer?: ImageFileWriter;
}

class CreateRun {
  skipped = 0;
  peakBytes = 0;
  private readonly parts = new Map<Split, Part>();
  private readonly pathBytes: number;
  private readonly depth = new SampleDepth();
  private readonly warnings = new FileWarnings();

  constructor(
    private readonly plan: Plan,
    private readonly options: CreateOptions,
    private readonly context: CreateContext,
  ) {
    for (const [split, path] of plan.targets) {
      this.parts.set(split, { path, tally: new Tally(plan.listing.classNames) });
    }
    const encoder = new TextEncoder();
    const longest = plan.entries.reduce((most, { path }) => Math.max(most, encoder.encode(path).length), 0);
    this.pathBytes = options.paths ? longest + frameBytes : 0;
  }

  /** Decodes and writes all images. */
  async decode(workers: number): Promise<void> {
    const pool = new DecoderPool<StoreRequest, StoredImages>(workerUrl, workers);
    const { size, channels, dtype: type, max_value: maxValue } = this.options;
    const { root } = this.plan;
    const { window, axis, orientation, blank_slices } = this.options;
    const decoding: StoreRequest["decoding"] = {
      window: window === undefined ? undefined : readWindow(window),
      axis,
      turned: orientation === "patient",
      skipBlank: !blank_slices,
    };
    try {
      await this.visit(
        aheadPerWorker * workers,
        ({ path }) => pool.decode({ root, path, size, channels, type, maxValue, decoding }),
        (entry, stored) => this.write(entry, stored),
      );
    } finally {
      pool.close();
    }
    const note = this.depth.note();
    if (note !== undefined) this.context.note(note);
    for (const line of this.warnings.lines()) this.context.note(printable(line, 1000));
  }

  /** Checks which files exist and counts them; decodes and writes nothing. */
  async lookUp(): Promise<void> {
    await this.visit(
      lookUpsAtATime,
      ({ path }) => resolveInside(this.plan.root, path).then(() => ({}), unreadable),
      (entry) => this.parts.get(entry.split)!.tally.add(entry, entry.patient, 1),
    );
  }

  /** Runs `work` on up to `ahead` entries at a time and passes its results to `use` in the list's order. */
  private async visit<Result extends object>(
    ahead: number,
    work: (entry: PlannedEntry) => Promise<Result | Unreadable>,
    use: (entry: PlannedEntry, result: Result) => void | Promise<void>,
  ): Promise<void> {
    const { entries, dataset } = this.plan;
    const bar = this.context.progress(printable(dataset), entries.length);
    let done = 0;
    try {
      for await (const { item: entry, result } of inOrder(entries, ahead, work)) {
        if (this.context.stop.exitCode !== undefined) break;
        if (isUnreadable(result)) this.skip(entry, result.unreadable, (text) => bar.log(text));
        else await use(entry, result);
        this.peakBytes = Math.max(this.peakBytes, Deno.memoryUsage().rss);
        bar.update(++done, this.skipped > 0 ? `${this.skipped} skipped` : "");
      }
    } catch (error) {
      bar.clear();
      throw error;
    }
    bar.finish();
  }

  private skip({ path }: PlannedEntry, reason: string, log: (text: string) => void): void {
    const shownPath = isAbsolute(path) ? path : `${this.options.data_path}/${path}`;
    const line = `${printable(shownPath, 1000)}: ${printable(reason, 300)}`;
    if (this.options.strict) throw new DataError(`${line}; --strict stops here`);
    this.skipped++;
    log(`${line}; skipped`);
  }

  private async write(
    entry: PlannedEntry,
    { frames, numbers, images, largest, warnings }: StoredImages,
  ): Promise<void> {
    this.depth.add(largest);
    this.warnings.add(entry.path, warnings);
    const part = this.parts.get(entry.split)!;
    part.writer ??= await this.createWriter(part, entry.split);
    const row = entry.labels.map((label) => trainingLabel(label, this.options));
    const labels = Float32Array.from({ length: frames * row.length }, (_, index) => row[index % row.length]!);
    const isSingle = frames === 1 && numbers[0] === 1;
    const paths = numbers.map((number) => isSingle ? entry.path : `${entry.path}#${number}`);
    part.writer.append(images, labels, paths);
    part.tally.add(entry, entry.patient, frames);
  }

  private createWriter({ path }: Part, split: Split): Promise<ImageFileWriter> {
    const { compression, dtype } = this.options;
    return ImageFileWriter.create(path, {
      shape: this.shape(),
      labelCount: this.plan.listing.classNames.length,
      dtype,
      gzip: compression === "gzip" ? gzipLevel : undefined,
      pathBytes: this.pathBytes || undefined,
      attributes: fileAttributes({ ...this.plan.listing, ...this.plan }, this.options, split),
    });
  }

  private shape(): [number, number, number] {
    const { channels, size } = this.options;
    return [channels, size, size];
  }

  /** Completes the files and gives them their names. */
  async finish(): Promise<CreatedFile[]> {
    const { entries } = this.plan;
    if (this.skipped === entries.length) {
      throw new DataError(`${this.options.data_path}: none of ${entries.length} images could be read`);
    }
    const writers = [...this.parts.values()].flatMap(({ writer }) => writer ?? []);
    await ImageFileWriter.finishTogether(writers);
    const files: CreatedFile[] = [];
    for (const { path, tally, writer } of this.parts.values()) {
      const bytes = writer && (await Deno.stat(path)).size;
      if (writer || this.options.dry_run) files.push({ path, shape: this.shape(), tally, bytes });
    }
    return files;
  }

  /** Removes what was written. */
  abort(): void {
    for (const { writer } of this.parts.values()) writer?.abort();
  }
}

function unreadable(error: unknown): Unreadable {
  if (error instanceof DataError) return { unreadable: error.message };
  throw error;
}
