/** Writes the reconstructions and latents of data files, with their labels, as new data files. */

import { basename, join } from "node:path";
import type { Attribute } from "../../data/append.ts";
import { classNames } from "../../data/class_names.ts";
import type { FileLayout } from "../../data/dataset_info.ts";
import { type DatasetInfo, requireDivisible } from "../../data/hdf5_file.ts";
import { type Batch, BatchLoader } from "../../data/loader.ts";
import { derivedFileName, resolveDataFile } from "../../data/locate.ts";
import { normalisationAttributes, normalisationFor } from "../../data/normalisation.ts";
import { ResumableImageFile, type StartMode } from "../../data/resumable_file.ts";
import { UsageError } from "../../errors.ts";
import { Gpu } from "../../gpu/device.ts";
import { latentShape, totalStride } from "../../models/vqvae/configuration.ts";
import { Codec, type SavedCodec } from "../../trained/codec.ts";
import { readCodec } from "../../trained/codec_file.ts";
import { weightsChecksum } from "../../trained/checksum.ts";
import type { ImageSize } from "../../trained/image_batch.ts";
import { makeFolder } from "../../io/atomic.ts";
import type { RunContext } from "../../report/run_context.ts";

/** What a codec makes of a data file; also the ending of the new file's name. */
export type Encoding = "recon" | "latent";

/** See the help of `hdf5:encode`. */
export interface EncodeOptions extends FileLayout {
  vqvae_file: string;
  data_path: string;
  save_path: string;
  dataset: string;
  view: string;
  /** The side of the images in pixels; default: the file's own. */
  size?: number;
  /** Which file of a folder; default: both. */
  split?: "train" | "valid";
  /** Which of the two files to write; default: both. */
  only?: Encoding;
  /** Images in a batch. */
  batch_size: number;
  compression: "gzip" | "none";
  resume: boolean;
  overwrite: boolean;
  /** An index in the list of adapters, or part of a name; default: the fastest. */
  adapter?: string;
}

/** A complete file. */
export interface EncodedFile {
  path: string;
  /** [N, C, H, W]. */
  shape: number[];
  /** The file's size. */
  bytes: number;
  /** The speed of this run; undefined if the file was complete already. */
  imagesPerSecond?: number;
}

/** The result of {@linkcode encodeFiles}. */
export interface EncodeOutcome {
  files: EncodedFile[];
  /** Set if a signal ended the run. */
  exitCode?: number;
}

const gzipLevel = 4;

/** One data file and the files that are made from it. */
interface Job {
  loader: BatchLoader;
  outputs: Map<Encoding, { file: ResumableImageFile; shape: number[] }>;
}

type EncodeContext = Pick<RunContext, "note" | "progress" | "stop">;

/**
 * Writes `{dataset}_{split}_{size}_recon.hdf5` and `…_latent.hdf5` for a data file, or for each of a folder:
 * reconstructions [N, C, H, W] and latents [N, L, h, w] of every image, in the file's order, with the labels.
 * Everything is checked before anything is written. One batch at a time is in memory.
 *
 * @throws {UsageError} if options contradict each other; one line that names the option
 * @throws {DataError} if a file cannot be read or written, does not fit the codec, or exists; one line that names it
 */
export async function encodeFiles(
  options: EncodeOptions,
  context: EncodeContext,
): Promise<EncodeOutcome> {
  if (options.resume && options.overwrite) throw new UsageError("--overwrite: expected without --resume");
  const saved = await readCodec(options.vqvae_file, context.note);
  const sources = await findSources(options);
  const gpu = await Gpu.open({ adapter: options.adapter });
  const jobs: Job[] = [];
  try {
    using codec = new Codec(gpu, saved);
    for (const source of sources) jobs.push(await prepare(source, options, saved, gpu));
    for (const { loader, outputs } of jobs) {
      loader.info.notes.forEach(context.note);
      noteResumption(outputs, options, context);
    }
    await makeFolder(options.save_path);
    const files: EncodedFile[] = [];
    for (const job of jobs) {
      const started = performance.now();
      const encoded = await encode(job, codec, options, context);
      if (context.stop.exitCode !== undefined && !isComplete(job)) {
        return { files, exitCode: context.stop.exitCode };
      }
      const seconds = (performance.now() - started) / 1000;
      const imagesPerSecond = encoded > 0 ? encoded / seconds : undefined;
      files.push(...await finish(job, imagesPerSecond));
    }
    return { files };
  } finally {
    for (const { loader } of jobs) loader.close();
    gpu.close();
  }
}

async function findSources({ data_path, dataset, view, size, split }: EncodeOptions): Promise<string[]> {
  const isFolder = await Deno.stat(data_path).then((info) => info.isDirectory, () => false);
  if (!isFolder && split) throw new UsageError(`--split ${split}: goes with a folder as --data_path only`);
  const splits = split ? [split] : isFolder ? ["train", "valid"] as const : ["train"] as const;
  const sources: string[] = [];
  for (const each of splits) {
    sources.push(await resolveDataFile(data_path, { dataset, view, size: size ?? 256, split: each }));
  }
  return sources;
}

async function prepare(source: string, options: EncodeOptions, saved: SavedCodec, gpu: Gpu): Promise<Job> {
  const { size, batch_size, only, save_path, images_key, labels_key, input_range } = options;
  const loader = await BatchLoader.open(source, {
    ...{ images_key, labels_key, input_range, size },
    channels: saved.configuration.in_channel,
    labels: "optional",
    unlabelled: true,
    batchSize: batch_size,
    dropLast: false,
    shuffle: false,
    seed: 0,
  });
  try {
    const { info } = loader;
    requireDivisible(info, totalStride(saved.configuration));
    const shapes = {
      recon: [info.channels, info.height, info.width],
      latent: latentShape(saved.configuration, info),
    } as const;
    const provenance = await describe(info, options, saved, gpu);
    const outputs: Job["outputs"] = new Map();
    for (const encoding of only ? [only] : ["recon", "latent"] as const) {
      const path = join(save_path, derivedFileName(source, encoding));
      await requireOther(path, source);
      const [channels, height, width] = shapes[encoding];
      const file = await ResumableImageFile.open(path, {
        shape: [channels, height, width],
        labelCount: info.labelCount,
        gzip: options.compression === "gzip" ? gzipLevel : undefined,
        attributes: { ...contentAttributes(encoding, info), ...provenance },
        total: info.count,
      }, beginning(options));
      outputs.set(encoding, { file, shape: [info.count, channels, height, width] });
    }
    return { loader, outputs };
  } catch (error) {
    loader.close();
    throw error;
  }
}

function beginning({ resume, overwrite }: EncodeOptions): StartMode {
  return resume ? "resume" : overwrite ? "overwrite" : "new";
}

/** Attributes that describe a file's content. Reconstructions are normalised like the images that the codec read. */
function contentAttributes(encoding: Encoding, info: DatasetInfo): Record<string, Attribute> {
  if (encoding === "latent") return { content: "latents: concat[upsample_t(q_t), q_b]" };
  return { content: "reconstructions", ...normalisationOf(info) };
}

/**
 * The source's own attributes about normalisation if its values were read as they are; otherwise those of vqray's
 * reader.
 */
function normalisationOf(
  { isNormalisedByReader, channels, attributes }: DatasetInfo,
): Record<string, Attribute> {
  const names = Object.keys(normalisationAttributes);
  const own = Object.entries(attributes).filter((entry): entry is [string, Attribute] =>
    names.includes(entry[0]) && isAttribute(entry[1])
  );
  if (!isNormalisedByReader && own.length > 0) return Object.fromEntries(own);
  const usual = normalisationFor(channels);
  return usual ? { ...normalisationAttributes, mean: usual.mean, std: usual.deviation } : {};
}

function isAttribute(value: unknown): value is Attribute {
  const [first, ...rest] = Array.isArray(value) ? value : [value];
  return ["string", "number"].includes(typeof first) && rest.every((each) => typeof each === typeof first);
}

/** Attributes that identify a file's source, codec and options. A run resumes only files whose attributes are equal. */
async function describe(
  info: DatasetInfo,
  { vqvae_file, batch_size, compression }: EncodeOptions,
  { configuration, weights }: SavedCodec,
  gpu: Gpu,
): Promise<Record<string, Attribute>> {
  const names = info.labelCount > 0 ? classNames(info) : undefined;
  return {
    ...(names && { class_names: names }),
    source: basename(info.path),
    source_bytes: (await Deno.stat(info.path)).size,
    codec: basename(vqvae_file),
    codec_configuration: JSON.stringify(configuration),
    codec_sha256: await weightsChecksum(weights),
    adapter: gpu.adapter.name,
    batch_size,
    compression,
  };
}

/**
 * Checks that a new file would not replace its source, whose name may be the one derived from it.
 *
 * @throws {UsageError} if it would
 */
async function requireOther(path: string, source: string): Promise<void> {
  const [target, own] = await Promise.all([path, source].map((each) => Deno.realPath(each).catch(() => "")));
  if (target === own) {
    throw new UsageError(`--save_path: ${path} is the source itself, expected another folder`);
  }
}

function noteResumption(
  outputs: Job["outputs"],
  { resume }: EncodeOptions,
  { note }: EncodeContext,
): void {
  if (!resume) return;
  for (const { file: { path, isFinished, count } } of outputs.values()) {
    if (isFinished) note(`${path}: is complete`);
    else note(`${path}: ${count > 0 ? `continuing after ${count} images` : "nothing to resume"}`);
  }
}

function isComplete({ loader, outputs }: Job): boolean {
  return [...outputs.values()].every(({ file }) => file.count === loader.info.count);
}

/** Encodes a job's images until the end or a signal. Returns the number of encoded images. */
async function encode(
  job: Job,
  codec: Codec,
  { batch_size, only }: EncodeOptions,
  { progress, stop }: EncodeContext,
): Promise<number> {
  const { loader, outputs } = job;
  const files = [...outputs.values()].map(({ file }) => file);
  const first = Math.min(...files.map(({ count }) => count));
  if (isComplete(job)) return 0;
  const bar = progress(basename(loader.info.path), loader.info.count, first);
  let done = first;
  for await (const batch of loader.epoch(0, first / batch_size)) {
    if (stop.exitCode !== undefined) break;
    const values = await encodeBatch(codec, batch, loader.info, only);
    for (const [encoding, { file }] of outputs) {
      // An interrupted run may have appended this batch to one of its two files only.
      if (file.count === done) await file.append(values[encoding]!, batch.labels);
    }
    done += batch.count;
    bar.update(done);
  }
  bar.finish();
  return done - first;
}

async function encodeBatch(
  codec: Codec,
  { images, count }: Batch,
  { height, width }: ImageSize,
  only: Encoding | undefined,
): Promise<Partial<Record<Encoding, Float32Array<ArrayBuffer>>>> {
  const size = { count, height, width };
  if (only === "recon") return { recon: await codec.reconstruct(images, size) };
  if (only === "latent") return { latent: await codec.latent(images, size) };
  const { reconstruction, latent } = await codec.both(images, size);
  return { recon: reconstruction, latent };
}

async function finish({ outputs }: Job, imagesPerSecond?: number): Promise<EncodedFile[]> {
  const files: EncodedFile[] = [];
  for (const { file, shape } of outputs.values()) {
    if (!file.isFinished) await file.finish();
    const { size } = await Deno.stat(file.path);
    files.push({ path: file.path, shape, bytes: size, imagesPerSecond });
  }
  return files;
}
