/** Evaluations of classifiers in PyTorch's files: comparisons, notes, and what they are taken for. */

import { assertEquals, assertRejects } from "@std/assert";
import { evaluateClassifiers } from "../../../src/apply/classifier/evaluate.ts";
import { UsageError } from "../../../src/errors.ts";
import { folder as torchFolder } from "../../io/described.ts";
import { context, files, inFolder, names, options } from "./evaluation_fixture.ts";

const form = (name: string) => `${torchFolder}forms_${name}.pt`;

async function evaluated(models: string[], changes: Parameters<typeof options>[1] = {}) {
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  const outcome = await evaluateClassifiers(options(models, changes), { ...context, note });
  return { ...outcome, notes: notes.filter((text) => text.startsWith(torchFolder)) };
}

Deno.test("PyTorch's files are compared, with the data's names of classes, and notes say what was assumed", async () => {
  const [published, original] = [form("published"), form("original")];
  const { evaluations, notes } = await evaluated([published, original]);
  assertEquals(evaluations.map(({ name }) => name), [
    "original, forms_published",
    "original, forms_original",
  ]);
  assertEquals(evaluations[0]!.measures, evaluations[1]!.measures);
  assertEquals(evaluations[0]!.measures.classes.map(({ name }) => name), names);
  assertEquals(notes, [
    `${published}: does not say what it was trained on; original images are assumed`,
    `${original}: does not say what it was trained on; original images are assumed`,
    `${original}: init_conv is left out, which only classifiers of latents use`,
  ]);
});

Deno.test("a classifier with an init_conv is one of latents if the data have its channels", async () => {
  const data_path = inFolder("toy_valid_64_latent.hdf5");
  const { evaluations, notes } = await evaluated([form("original")], { data_path });
  assertEquals([evaluations[0]!.name, evaluations[0]!.trained.input], ["latent", "latent"]);
  assertEquals(notes, [
    `${
      form("original")
    }: does not say what it was trained on; latents are assumed, as the data have its channels`,
  ]);
  const given = await evaluated([form("original")], { inputs: ["latent"] });
  assertEquals([given.evaluations[0]!.measures, given.notes], [evaluations[0]!.measures, []]);
});

Deno.test("what each classifier was trained on can be given, so that three of PyTorch are compared", async () => {
  const models = [form("original"), form("published"), form("torchvision")];
  const { evaluations } = await evaluated(models, { inputs: ["latent", "recon", "orig"] });
  assertEquals(evaluations.map(({ name }) => name), ["original", "reconstructed", "latent"]);
  const made = await evaluated(models, {
    inputs: ["latent", "recon", "orig"],
    data_path: inFolder("toy_valid_64_orig.hdf5"),
    vqvae_file: files.codec,
  });
  assertEquals(made.evaluations.map(({ measures }) => measures), evaluations.map(({ measures }) => measures));
  await assertRejects(
    () => evaluated([form("published")], { vqvae_file: files.codec }),
    UsageError,
    "was trained on original images",
  );
});
