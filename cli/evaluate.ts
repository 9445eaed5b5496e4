/** `evaluate`: measures a trained model. What is measured depends on the kind of model that the checkpoint holds. */

import { UsageError } from "../src/errors.ts";
import { modelKind } from "../src/trained/model_kind_file.ts";
import { evaluateCommand, optionsOnlyFor } from "./commands/evaluate.ts";
import { evaluateClassifierCommand } from "./evaluate_classifier.ts";
import { evaluateCodecCommand } from "./evaluate_codec.ts";
import { readOptions } from "./options.ts";
import { requireDataPath } from "./required.ts";
import { run } from "./run.ts";

async function main(): Promise<number> {
  const values = readOptions(Deno.args, evaluateCommand);
  if (!values) return 0;
  // Without another model, the codec is what is evaluated.
  const isCodecAlone = values.model === undefined && values.compare === undefined;
  const options = isCodecAlone ? { ...values, model: values.vqvae_file, vqvae_file: undefined } : values;
  const { model, compare } = options;
  if ((model === undefined) === (compare === undefined)) {
    throw new UsageError("--model, --compare: expected exactly one of the two");
  }
  const data_path = requireDataPath(options.data_path);
  const kind = model === undefined ? "classifier" : await modelKind(model);
  for (const name of optionsOnlyFor[kind === "codec" ? "classifier" : "codec"]) {
    if (options[name] === undefined) continue;
    const reason = model === undefined ? "--compare is for classifiers" : `${model} holds a ${kind}`;
    const expected = kind === "codec" ? "classifiers" : "codecs";
    throw new UsageError(`--${name} ${options[name]}: is for ${expected} only, but ${reason}`);
  }
  if (kind === "codec") await evaluateCodecCommand(options, { model: model!, data_path });
  else await evaluateClassifierCommand(options, data_path);
  return 0;
}

await run(main);
