/** Evaluates codecs on data files: the quality of reconstructions, the use of the codebooks, and the compression. */

import type { BatchLoader } from "../../data/loader.ts";
import { UsageError } from "../../errors.ts";
import { type AdapterDescription, Gpu } from "../../gpu/device.ts";
import type { VqvaeConfiguration } from "../../models/vqvae/configuration.ts";
import type { RunContext } from "../../report/run_context.ts";
import { Codec } from "../../trained/codec.ts";
import { readCodec } from "../../trained/codec_file.ts";
import { readInception } from "../../trained/inception_file.ts";
import { type CodecDataOptions, findDataFiles, openForCodec, shortNames } from "./data.ts";
import { type CodecEvaluation, DataEvaluation, type MeasureOptions } from "./data_evaluation.ts";
import { FidMeasure } from "./fid.ts";

/** See the help of `evaluate`. */
export interface EvaluateCodecOptions extends CodecDataOptions, MeasureOptions {
  /** A file of Inception's weights, to measure the Fréchet Inception Distance. */
  fid_weights?: string;
  /** An index in the list of adapters, or part of a name; default: the fastest. */
  adapter?: string;
}

/** The result of {@linkcode evaluateCodec}. */
export interface CodecOutcome {
  /** The codec's file. */
  model: string;
  configuration: VqvaeConfiguration;
  evaluations: CodecEvaluation[];
  adapter: AdapterDescription;
}

/**
 * Reconstructs and measures every image of every file, and once more after each manipulation. One batch at a time is in
 * memory.
 *
 * @throws {UsageError} if options contradict each other; one line that names the option
 * @throws {DataError} if a file cannot be read or does not fit, or a reconstruction is not finite; one line that names
 * it
 */
export async function evaluateCodec(
  options: EvaluateCodecOptions,
  context: Pick<RunContext, "note" | "progress">,
): Promise<CodecOutcome> {
  const saved = await readCodec(options.model, context.note);
  const files = await findDataFiles(options);
  const names = shortNames(files);
  const loaders: BatchLoader[] = [];
  try {
    const { batch_size: batchSize } = options;
    const { note } = context;
    for (const file of files) loaders.push(await openForCodec(file, saved, { ...options, batchSize, note }));
    const fidWeights = await readFidWeights(options, loaders);
    const gpu = await Gpu.open({ adapter: options.adapter });
    const fid = fidWeights && new FidMeasure(gpu, fidWeights);
    try {
      using codec = new Codec(gpu, saved);
      const evaluations: CodecEvaluation[] = [];
      for (const [index, loader] of loaders.entries()) {
        const one = new DataEvaluation(names[index]!, codec, loader, options, fid);
        evaluations.push(await one.run(context));
      }
      const { configuration } = saved;
      return { model: options.model, configuration, evaluations, adapter: gpu.adapter };
    } finally {
      fid?.close();
      gpu.close();
    }
  } finally {
    for (const loader of loaders) loader.close();
  }
}

async function readFidWeights({ fid_weights }: EvaluateCodecOptions, loaders: readonly BatchLoader[]) {
  if (fid_weights === undefined) return undefined;
  const single = loaders.find(({ info }) => info.count < 2)?.info;
  if (single) {
    throw new UsageError(
      `--fid_weights ${fid_weights}: needs at least two images, but ${single.path} holds 1`,
    );
  }
  return await readInception(fid_weights);
}
