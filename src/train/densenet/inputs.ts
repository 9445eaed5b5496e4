/** A classifier's inputs: images, reconstructions or latents from files, or what a codec makes of images on the fly. */

import { classNames } from "../../data/class_names.ts";
import { defaultClassNames } from "../../models/densenet/class_names.ts";
import { type DatasetInfo, requireDivisible } from "../../data/hdf5_file.ts";
import type { Batch } from "../../data/loader.ts";
import { DataError } from "../../errors.ts";
import type { Gpu } from "../../gpu/device.ts";
import { totalStride } from "../../models/vqvae/configuration.ts";
import { inputMaker } from "../../trained/input_maker.ts";
import type { SavedCodec } from "../../trained/codec.ts";
import type { ClassifierInput } from "../../trained/classifier.ts";
import { readCodec } from "../../trained/codec_file.ts";
import { openData, type RunData, type WantedData } from "../run_data.ts";
import type { TrainDensenetOptions } from "./options.ts";

/** The opened data files, and how their batches become inputs. */
export interface Inputs {
  data: RunData;
  /** [C, H, W] of the network's inputs. */
  shape: readonly [channels: number, height: number, width: number];
  classNames: string[];
  /** The loader's batch with the network's inputs for images. */
  modelBatch(batch: Batch): Promise<Batch>;
  close(): void;
}

/**
 * Opens the data files and, for inputs that are made on the fly, the codec.
 *
 * @param note gets what the user should know about how the codec's file was read
 * @throws {DataError} if a file cannot be read, or the files do not fit together.
 */
export async function openInputs(
  options: TrainDensenetOptions,
  gpu: Gpu,
  note: (text: string) => void,
): Promise<Inputs> {
  const { recon, vqvae_file } = options;
  const isMade = vqvae_file !== undefined && recon !== "orig";
  const codec = isMade ? { path: vqvae_file, saved: await readCodec(vqvae_file, note) } : undefined;
  const data = await openData(options, wantedData(options, codec));
  const { train, valid } = data;
  try {
    if (valid) requireAlike(train.info, valid.info);
    const maker = inputMaker(gpu, { input: recon }, codec?.saved, [train.info.height, train.info.width]);
    return {
      data,
      shape: inputShape(recon, train.info, codec),
      classNames: classNames(train.info) ?? defaultClassNames(train.info.labelCount),
      modelBatch: async (batch) => ({ ...batch, images: await maker.make(batch) }),
      close() {
        maker.close();
        train.close();
        valid?.close();
      },
    };
  } catch (error) {
    train.close();
    valid?.close();
    throw error;
  }
}

type CodecFile = { path: string; saved: SavedCodec } | undefined;

function wantedData({ recon, size, n_classes }: TrainDensenetOptions, codec: CodecFile): WantedData {
  const labelled = { labels: true, unlabelled: true };
  const check = (info: DatasetInfo) => requireClasses(info, n_classes);
  if (!codec) {
    // The size in a latent file's name is that of the images, not of the latents.
    const dimensions = recon === "latent" ? {} : { size, channels: 3 };
    return { ...labelled, ...dimensions, kind: recon, check };
  }
  const { configuration } = codec.saved;
  if (recon === "recon" && configuration.in_channel !== 3) {
    throw new DataError(`${codec.path}: makes images of ${configuration.in_channel} channels, expected 3`);
  }
  const checkBoth = (info: DatasetInfo) => {
    check(info);
    requireDivisible(info, totalStride(configuration));
  };
  return { ...labelled, size, channels: configuration.in_channel, check: checkBoth };
}

/** [C, H, W] of the inputs made from a file's images. */
function inputShape(
  recon: ClassifierInput,
  { channels, height, width }: DatasetInfo,
  codec: CodecFile,
): Inputs["shape"] {
  if (!codec || recon !== "latent") return [channels, height, width];
  const { embed_dim, first_stride } = codec.saved.configuration;
  return [2 * embed_dim, height / first_stride, width / first_stride];
}

function requireClasses(info: DatasetInfo, wanted?: number): void {
  classNames(info);
  if (wanted === undefined || info.labelCount === wanted) return;
  throw new DataError(
    `${info.path}: holds ${info.labelCount} labels an image, expected --n_classes ${wanted}`,
  );
}

function requireAlike(train: DatasetInfo, valid: DatasetInfo): void {
  const fail = (what: string, wanted: string | number) =>
    new DataError(`${valid.path}: ${what}, expected ${wanted} as in ${train.path}`);
  if (valid.channels !== train.channels) throw fail(`images have ${valid.channels} channels`, train.channels);
  if (valid.labelCount !== train.labelCount) {
    throw fail(`holds ${valid.labelCount} labels an image`, train.labelCount);
  }
  const [names, wanted] = [classNames(valid), classNames(train)];
  const other = names && wanted ? names.findIndex((name, index) => name !== wanted[index]) : -1;
  if (other >= 0) {
    throw fail(`class ${other + 1} is ${JSON.stringify(names![other])}`, JSON.stringify(wanted![other]));
  }
}
