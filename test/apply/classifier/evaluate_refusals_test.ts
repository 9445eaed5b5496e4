/** Classifiers, data and options that an evaluation refuses, each in one line. */

import { assertEquals, assertRejects } from "@std/assert";
import { DataError, UsageError } from "../../../src/errors.ts";
import { saveWeights } from "../../../src/trained/model_file.ts";
import { evaluateClassifiers, type EvaluateOptions } from "../../../src/apply/classifier/evaluate.ts";
import {
  classes,
  context,
  count,
  files,
  folder,
  images,
  inFolder,
  labels,
  names,
  options,
  side,
  writeImages,
} from "./evaluation_fixture.ts";
import { saveClassifier, smallDensenet, smallWeights } from "../../trained/small_classifier.ts";

/** Runs an evaluation that must fail, and compares the message. */
async function refused(wanted: EvaluateOptions, kind: typeof DataError | typeof UsageError, message: string) {
  const error = await assertRejects(() => evaluateClassifiers(wanted, context), kind);
  assertEquals(error.message, message);
}

Deno.test("models and options that contradict each other are refused in one line", async () => {
  await refused(
    options([files.codec]),
    DataError,
    `${files.codec}: holds weights of a vqvae, expected a densenet`,
  );
  await refused(
    options([files.orig], { vqvae_file: files.codec }),
    UsageError,
    `--vqvae_file ${files.codec}: ${files.orig} was trained on original images, for which no codec is needed`,
  );
  const one = inFolder("toy_valid_64_orig.hdf5");
  await refused(
    options([files.orig, files.latent], { data_path: one }),
    UsageError,
    `--data_path ${one}: expected a folder with files for orig, latent, or original images and --vqvae_file`,
  );
  await refused(
    options([files.recon], { dataset: "none" }),
    DataError,
    `${folder}: no data file in this folder, expected none_valid_64_recon.hdf5`,
  );
  await refused(
    options([files.latent], { data_path: one }),
    DataError,
    `${one}: images have 3 channels, expected 1 or 2`,
  );
});

Deno.test("data and codecs that do not fit a classifier are refused in one line", async () => {
  const small = await writeImages("small.hdf5", images.slice(0, count * 3 * 256), [3, 16, 16]);
  await refused(
    options([files.orig], { data_path: small, size: undefined }),
    DataError,
    `${small}: inputs of 16 by 16 are too small for the classifier ${files.orig}, which halves them 5 times`,
  );
  const two = await writeImages("two.hdf5", images, [3, side, side], {
    labels: new Float32Array(2 * count),
    class_names: names.slice(0, 2),
  });
  await refused(
    options([files.orig], { data_path: two }),
    DataError,
    `${two}: has 2 labels an image, expected 3 as the classifier ${files.orig}`,
  );
  const mixed = await writeImages("mixed.hdf5", images, [3, side, side], {
    class_names: ["Edema", "Fracture", "Other"],
  });
  await refused(
    options([files.orig], { data_path: mixed }),
    DataError,
    `${mixed}: label 2 is "Fracture", expected "Pneumonia" as in the classifier ${files.orig}`,
  );
  const wide = inFolder("wide.safetensors");
  await saveClassifier(wide, { ...smallDensenet, latent_channels: 4 }, { input: "latent" });
  await refused(
    options([wide], { vqvae_file: files.codec }),
    DataError,
    `${files.codec}: makes 2 channels, expected 4, on which ${wide} was trained`,
  );
  const broken = inFolder("broken.safetensors");
  const weights = smallWeights(smallDensenet);
  weights.get("model.classifier.0.bias")!.data[1] = NaN;
  const model = { kind: "densenet", configuration: smallDensenet };
  await saveWeights(broken, model, weights, { steps: 1, epochs: 1, batches: 0 });
  await refused(
    options([broken]),
    DataError,
    `${broken}: gives NaN for image 0 (counted from 0) of ${
      inFolder("toy_valid_64_orig.hdf5")
    }, expected numbers`,
  );
});

Deno.test("only classifiers of the same images and classes are compared", async () => {
  const other = inFolder("other_classes.safetensors");
  await saveClassifier(other, smallDensenet, {
    input: "recon",
    class_names: JSON.stringify(["a", "b", "c"]),
  });
  await refused(
    options([files.orig, other]),
    DataError,
    `${other}: its classes differ from those of ${files.orig}; only classifiers of the same classes can be compared`,
  );
  // A file whose second half has labels of zero, and a file with fewer images.
  const half = count / 2;
  const zeros = labels.map((label, index) => index < half * classes ? label : 0);
  const original = await writeImages("faulty_valid_64_orig.hdf5", images, [3, side, side]);
  const faulty = await writeImages("faulty_valid_64_recon.hdf5", images, [3, side, side], { labels: zeros });
  const first = labels.findIndex((label, index) => index >= half * classes && label !== 0);
  await refused(
    options([files.orig, files.recon], { dataset: "faulty" }),
    DataError,
    `${faulty}: image ${
      Math.floor(first / classes)
    } (counted from 0) has other labels than in ${original}; ` +
      "expected the same images in the same order",
  );
  await writeImages("faulty_valid_64_recon.hdf5", images.slice(0, half * 3 * side * side), [3, side, side], {
    labels: labels.slice(0, half * classes),
  });
  await refused(
    options([files.orig, files.recon], { dataset: "faulty" }),
    DataError,
    `${faulty}: holds 11 images, expected 22 as in ${original}; only measures on the same images can be compared`,
  );
});
