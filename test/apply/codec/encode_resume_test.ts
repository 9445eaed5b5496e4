/** `hdf5:encode`: interrupted runs, and files that exist already. */

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError, UsageError } from "../../../src/errors.ts";
import { encodeFiles, type EncodeOptions } from "../../../src/apply/codec/encode_file.ts";
import { goldenPath } from "../../golden/read.ts";
import { alone, context, folder, namesIn, options, read, writeSource } from "./encode_fixture.ts";

Deno.test("a run that a signal interrupts leaves partial files, and resuming it gives the bytes of an uninterrupted run", async () => {
  const compression = "gzip";
  const whole = await encodeFiles(options("whole", { compression }), context());
  for (const stopAt of [4, 12]) {
    const outcome = await encodeFiles(
      options("stopped", { compression, resume: stopAt > 4 }),
      context(stopAt),
    );
    assertEquals(outcome, { files: [], exitCode: 130 });
    assertEquals(namesIn("stopped"), [
      "digits_train_32_latent.hdf5.partial",
      "digits_train_32_recon.hdf5.partial",
    ]);
  }
  const last = context();
  const { files } = await encodeFiles(options("stopped", { compression, resume: true }), last);
  assertEquals(last.notes, files.map(({ path }) => `${path}: continuing after 12 images`));
  for (const [index, { path }] of files.entries()) {
    assertEquals(await Deno.readFile(path), await Deno.readFile(whole.files[index]!.path));
  }
  const again = context();
  const complete = await encodeFiles(options("stopped", { compression, resume: true }), again);
  assertEquals(again.notes, files.map(({ path }) => `${path}: is complete`));
  assertEquals(complete.files.map(({ imagesPerSecond }) => imagesPerSecond), [undefined, undefined]);
});

Deno.test("resuming a run that was killed between its two files gives the same bytes", async () => {
  await encodeFiles(options("between"), context(8));
  const ahead = "digits_train_32_recon.hdf5.partial";
  const kept = await Deno.readFile(join(folder, "between", ahead));
  await encodeFiles(options("between", { overwrite: true }), context(4));
  await Deno.writeFile(join(folder, "between", ahead), kept);
  const { files } = await encodeFiles(options("between", { resume: true }), context());
  const whole = await encodeFiles(options("not_between"), context());
  for (const [index, { path }] of files.entries()) {
    assertEquals(await Deno.readFile(path), await Deno.readFile(whole.files[index]!.path));
  }
});

Deno.test("only runs with the same options are resumed, and files are replaced only with --overwrite", async () => {
  await encodeFiles(options("others"), context(4));
  const partial = join(folder, "others", "digits_train_32_recon.hdf5.partial");
  const refused = async (
    changes: Partial<EncodeOptions>,
    message: string,
    kind: typeof DataError = DataError,
  ) => {
    const error = await assertRejects(() => encodeFiles(options("others", changes), context()), kind);
    assertEquals(error.message, message);
  };
  await refused({}, `${partial}: an earlier run did not finish, expected --resume or --overwrite`);
  await refused(
    { resume: true, batch_size: 8 },
    `${partial}: belongs to another run: batch_size is 4, expected 8; --overwrite starts again`,
  );
  await refused(
    { resume: true, vqvae_file: goldenPath("embed_dim_1.pt").pathname },
    `${partial}: belongs to another run: codec is "strides_4_2.pt", expected "embed_dim_1.pt"; --overwrite starts again`,
  );
  const other = await writeSource(join(folder, "digits_train_32_orig.hdf5"));
  await refused(
    { resume: true, data_path: other },
    `${partial}: belongs to another run: source is "digits_train_32_frontal_normalized.hdf5", ` +
      'expected "digits_train_32_orig.hdf5"; --overwrite starts again',
  );
  await refused({ resume: true, overwrite: true }, "--overwrite: expected without --resume", UsageError);
  await refused({ split: "valid" }, "--split valid: goes with a folder as --data_path only", UsageError);
  const { files } = await encodeFiles(options("others", { overwrite: true }), context());
  await refused({}, `${files[0]!.path}: already exists, expected --overwrite or another --save_path`);
  assertEquals((await read(files[0]!.path)).images, alone.recon);
});

Deno.test("after a signal, resuming a folder's run keeps its finished files", async () => {
  const data_path = join(folder, "two_sources");
  await Deno.mkdir(data_path);
  for (const split of ["train", "valid"]) await writeSource(join(data_path, `digits_${split}_32_orig.hdf5`));
  const both = { data_path, size: 32, only: "recon" } as const;
  const { files, exitCode } = await encodeFiles(options("two", both), context(13));
  assertEquals([files.length, exitCode], [1, 130]);
  const rest = await encodeFiles(options("two", { ...both, resume: true }), context());
  assertEquals(rest.files.map(({ imagesPerSecond }) => imagesPerSecond === undefined), [true, false]);
  assertEquals(namesIn("two"), ["digits_train_32_recon.hdf5", "digits_valid_32_recon.hdf5"]);
});
