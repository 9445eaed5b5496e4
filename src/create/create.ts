/** Images to data files: decoded by all processors, written in the order of the list, divided by patient. */

import { isAbsolute } from "node:path";
import type { Attribute } from "../data/append.ts";
import { normalisationAttributes, normalisationFor } from "../data/normalisation.ts";
import { ImageFileWriter } from "../data/write.ts";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { printable } from "../io/printable.ts";
import { DecoderPool } from "../images/decoder_pool.ts";
import { inOrder } from "./in_order.ts";
import { trainingLabel } from "./listing.ts";
import type { CreateOptions, CreateSurroundings } from "./options.ts";
import { locate } from "./place.ts";
import { makePlan, type Plan, type PlannedEntry, type Split } from "./plan.ts";
import { Tally } from "./tally.ts";
import type { Decoded, Unreadable } from "./image_worker.ts";

export interface CreatedFile {
  path: string;
  /** [C, H, W] of an image. */
  shape: [number, number, number];
  tally: Tally;
  /** Missing where nothing was to be written. */
  bytes?: number;
}

export interface CreateOutcome {
  files: CreatedFile[];
  /** Files of the list that could not be read. */
  skipped: number;
  seconds: number;
  /** The most memory that the process held, as often as an image was written. */
  peakBytes: number;
  workers: number;
  /** Set where a signal ended the run; nothing is then left. */
  exitCode?: number;
}

const gzipLevel = 4;
/** Images on their way for each worker: enough that none waits for one that takes long. */
const aheadPerWorker = 4;
/** Files whose places are looked up at a time. */
const filesLookedFor = 16;
/** Room behind a path for the number of a frame. */
const frameBytes = 8;

/**
 * Writes `{dataset}_{train|valid}_{size}_{view}_normalized.hdf5` from the images of a list. A file that cannot be read is told and left
 * out. The files get their names when all is done; otherwise nothing is left of them.
 *
 * @throws DataError or UsageError, one line that names the file or option
 */
export async function createFiles(
  options: CreateOptions,
  context: CreateSurroundings,
): Promise<CreateOutcome> {
  const started = performance.now();
  const plan = await makePlan(options, context);
  const workers = options.num_workers ?? navigator.hardwareConcurrency;
  const run = new CreateRun(plan, options, context);
  try {
    if (!options.dry_run) await makeFolder(options.save_path);
    await (options.dry_run ? run.look() : run.decode(workers));
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

async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw fileError(path, "cannot make the folder", error);
  }
}

/** One file that grows. */
interface Part {
  path: string;
  tally: Tally;
  writer?: ImageFileWriter;
}

class CreateRun {
  skipped = 0;
  peakBytes = 0;
  readonly #parts = new Map<Split, Part>();
  readonly #pathBytes: number;

  constructor(
    private readonly plan: Plan,
    private readonly options: CreateOptions,
    private readonly context: CreateSurroundings,
  ) {
    for (const [split, path] of plan.targets) {
      this.#parts.set(split, { path, tally: new Tally(plan.listing.classNames) });
    }
    const encoder = new TextEncoder();
    const longest = plan.entries.reduce((most, { path }) => Math.max(most, encoder.encode(path).length), 0);
    this.#pathBytes = options.paths ? longest + frameBytes : 0;
  }

  /** Decodes and writes all images. */
  async decode(workers: number): Promise<void> {
    const pool = new DecoderPool(workers);
    const { size, channels, dtype: type } = this.options;
    const { root } = this.plan;
    try {
      await this.#visit(
        aheadPerWorker * workers,
        ({ path }) => pool.decode({ root, path, size, channels, type }),
        (entry, reply) => this.#write(entry, reply),
      );
    } finally {
      pool.close();
    }
  }

  /** Looks whether the files are there, and counts them. */
  async look(): Promise<void> {
    await this.#visit(
      filesLookedFor,
      ({ path }) => locate(this.plan.root, path).then(() => ({}), unreadable),
      (entry) => this.#parts.get(entry.split)!.tally.add(entry, entry.patient, 1),
    );
  }

  /** Does `work` on all entries at once, as many as `ahead` allows, and gives its results to `use` in the list's order. */
  async #visit<Result extends { unreadable?: undefined }>(
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
        if (result.unreadable === undefined) await use(entry, result as Result);
        else this.#skip(entry, result.unreadable, (text) => bar.log(text));
        this.peakBytes = Math.max(this.peakBytes, Deno.memoryUsage().rss);
        bar.update(++done, this.skipped > 0 ? `${this.skipped} skipped` : "");
      }
    } catch (error) {
      bar.clear();
      throw error;
    }
    bar.finish();
  }

  #skip({ path }: PlannedEntry, reason: string, log: (text: string) => void): void {
    const place = isAbsolute(path) ? path : `${this.options.data_path}/${path}`;
    const line = `${printable(place, 1000)}: ${printable(reason, 300)}`;
    if (this.options.strict) throw new DataError(`${line}; --strict stops here`);
    this.skipped++;
    log(`${line}; skipped`);
  }

  async #write(entry: PlannedEntry, { frames, images }: Decoded): Promise<void> {
    const part = this.#parts.get(entry.split)!;
    part.writer ??= await this.#create(part, entry.split);
    const row = entry.labels.map((label) => trainingLabel(label, this.options));
    const labels = Float32Array.from({ length: frames * row.length }, (_, index) => row[index % row.length]!);
    const paths = Array.from(
      { length: frames },
      (_, index) => frames === 1 ? entry.path : `${entry.path}#${index + 1}`,
    );
    part.writer.append(images, labels, paths);
    part.tally.add(entry, entry.patient, frames);
  }

  #create({ path }: Part, split: Split): Promise<ImageFileWriter> {
    const { compression, dtype } = this.options;
    return ImageFileWriter.create(path, {
      shape: this.#shape(),
      labelCount: this.plan.listing.classNames.length,
      dtype,
      gzip: compression === "gzip" ? gzipLevel : undefined,
      pathBytes: this.#pathBytes || undefined,
      attributes: describe(this.plan, this.options, split),
    });
  }

  #shape(): [number, number, number] {
    const { channels, size } = this.options;
    return [channels, size, size];
  }

  /** Gives the files their names. */
  async finish(): Promise<CreatedFile[]> {
    const { entries } = this.plan;
    if (this.skipped === entries.length) {
      throw new DataError(`${this.options.data_path}: none of ${entries.length} images could be read`);
    }
    for (const { writer } of this.#parts.values()) await writer?.seal();
    const files: CreatedFile[] = [];
    for (const { path, tally, writer } of this.#parts.values()) {
      await writer?.finish();
      const bytes = writer && (await Deno.stat(path)).size;
      if (writer || this.options.dry_run) files.push({ path, shape: this.#shape(), tally, bytes });
    }
    return files;
  }

  /** Leaves nothing behind. */
  abort(): void {
    for (const { writer } of this.#parts.values()) writer?.abort();
  }
}

function unreadable(error: unknown): Unreadable {
  if (error instanceof DataError) return { unreadable: error.message };
  throw error;
}

/** What the file says about itself. */
function describe(plan: Plan, options: CreateOptions, split: Split): Record<string, Attribute> {
  const { listing, dataset, view } = plan;
  const { channels, dtype, uncertain, blank, seed } = options;
  const { mean, deviation } = normalisationFor(channels)!;
  const normalisation: Record<string, Attribute> = dtype === "float32"
    ? { ...normalisationAttributes, mean, std: deviation }
    : { pixels: "0 .. 255; readers scale them to 0 .. 1 and normalise them" };
  return {
    ...(listing.classNames.length > 0 && {
      class_names: listing.classNames,
      label_policy: `uncertain: ${uncertain}, not mentioned: ${blank}`,
    }),
    ...normalisation,
    content: "originals",
    resizing: "longer side to the image's size by Lanczos, centred on black",
    source: listing.source,
    dataset,
    view,
    split,
    split_share: options.split,
    split_seed: seed,
  };
}
