/** `hdf5:encode`: files of reconstructions and latents, compared with images encoded one at a time. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { resolveDataFile } from "../../../src/data/locate.ts";
import { normalisationAttributes } from "../../../src/data/normalisation.ts";
import { ImageFileWriter } from "../../../src/data/write.ts";
import { DataError, UsageError } from "../../../src/errors.ts";
import { encodeFiles, type EncodeOptions } from "../../../src/apply/codec/encode_file.ts";
import {
  alone,
  classes,
  context,
  count,
  folder,
  labels,
  namesIn,
  options,
  read,
  source,
  writeSource,
} from "./encode_fixture.ts";

for (const batch_size of [1, 4, 8, 13, 32]) {
  Deno.test(`batches of ${batch_size}: the files hold every image once, in order and with its labels`, async () => {
    const name = `batches_of_${batch_size}`;
    const { files, exitCode } = await encodeFiles(options(name, { batch_size }), context());
    assertEquals(exitCode, undefined);
    assertEquals(namesIn(name), ["digits_train_32_latent.hdf5", "digits_train_32_recon.hdf5"]);
    const [recon, latent] = await Promise.all(files.map(({ path }) => read(path)));
    assertEquals(files.map(({ shape }) => shape), [[count, 3, 32, 32], [count, 16, 8, 8]]);
    for (const [index, { info, labels: own }] of [recon!, latent!].entries()) {
      assertEquals([info.count, info.channels, info.height, info.width], files[index]!.shape);
      assertEquals(own, labels);
    }
    assertEquals(recon!.images, alone.recon);
    assertEquals(latent!.images, alone.latent);
    // Otherwise a file that repeats one image could pass.
    const distinct = new Set(
      Array.from({ length: count }, (_, image) => `${alone.latent.slice(1024 * image, 1024 * (image + 1))}`),
    );
    assertEquals(distinct.size, count);
  });
}

Deno.test("attributes describe a file's content, source and codec", async () => {
  const { files } = await encodeFiles(options("attributes", { compression: "gzip" }), context());
  const [recon, latent] = await Promise.all(
    files.map(async ({ path }) => (await read(path)).info.attributes),
  );
  for (const attributes of [recon!, latent!]) {
    assertEquals(attributes.class_names, classes);
    assertEquals(attributes.source, "digits_train_32_frontal_normalized.hdf5");
    assertEquals(attributes.source_bytes, (await Deno.stat(source)).size);
    assertEquals(attributes.codec, "strides_4_2.pt");
    const { n_embed, first_stride } = JSON.parse(attributes.codec_configuration as string);
    assertEquals([n_embed, first_stride], [64, 4]);
    assert(/^[0-9a-f]{64}$/.test(attributes.codec_sha256 as string));
  }
  const { mean, std, normalisation } = recon!;
  assertEquals({ mean, std, normalisation }, normalisationAttributes as Record<string, unknown>);
  assertEquals([recon!.content, latent!.content], [
    "reconstructions",
    "latents: concat[upsample_t(q_t), q_b]",
  ]);
  assertEquals(latent!.mean, undefined);
});

Deno.test("the files of a folder are found by their names, and so are the encoded files", async () => {
  const data_path = join(folder, "data");
  await Deno.mkdir(data_path);
  await writeSource(join(data_path, "digits_train_32_orig.hdf5"));
  await writeSource(join(data_path, "digits_valid_32_frontal.hdf5"), { labelCount: 0, attributes: {} });
  const { files } = await encodeFiles(
    options("data", { data_path, size: 32, save_path: data_path }),
    context(),
  );
  assertEquals(files.length, 4);
  const wanted = { dataset: "digits", view: "frontal", size: 32 };
  for (const split of ["train", "valid"] as const) {
    for (const kind of ["recon", "latent"] as const) {
      const content = await read(await resolveDataFile(data_path, { ...wanted, split, kind }));
      assertEquals(content.images, alone[kind]);
      assertEquals(content.labels, split === "train" ? labels : new Float32Array(0));
    }
  }
  const { files: some } = await encodeFiles(
    options("some", { data_path, size: 32, split: "valid", only: "latent" }),
    context(),
  );
  assertEquals(some.map(({ path }) => path), [join(folder, "some", "digits_valid_32_latent.hdf5")]);
  assertEquals((await read(some[0]!.path)).images, alone.latent);
});

Deno.test("files that cannot be encoded are refused before anything is written", async () => {
  const refused = async (
    changes: Partial<EncodeOptions>,
    message: string,
    kind: typeof DataError = DataError,
  ) => {
    const error = await assertRejects(() => encodeFiles(options("never", changes), context()), kind);
    assertEquals(error.message, message);
  };
  const missing = join(folder, "missing.hdf5");
  await refused(
    { data_path: missing },
    `${missing}: no such file or folder, expected an HDF5 file or a folder of them`,
  );
  const small = join(folder, "small.hdf5");
  const writer = await ImageFileWriter.create(small, { shape: [3, 12, 12], labelCount: 0 });
  writer.append(new Float32Array(432));
  await writer.finish();
  await refused(
    { data_path: small },
    `${small}: images are 12 by 12, expected height and width divisible by 8, the codec's total stride`,
  );
  const recon = await writeSource(join(folder, "digits_train_32_recon.hdf5"));
  await refused(
    { data_path: recon, save_path: folder, overwrite: true },
    `--save_path: ${recon} is the source itself, expected another folder`,
    UsageError,
  );
  assertEquals(await Deno.stat(join(folder, "never")).catch(() => "none"), "none");
});

/** A file's content as h5py reads it; undefined, with a note, if h5py cannot be run. */
async function readByH5py(path: string): Promise<Record<string, unknown> | undefined> {
  const script = `
import h5py, hashlib, json, sys
with h5py.File(sys.argv[1]) as file:
    content = {name: [list(each.shape), str(each.dtype), list(each.chunks), each.compression,
                   hashlib.sha256(each[...].tobytes()).hexdigest()] for name, each in file.items()}
    content["class_names"] = [each.decode() if isinstance(each, bytes) else each for each in file["img"].attrs["class_names"]]
print(json.dumps(content))`;
  if ((await Deno.permissions.query({ name: "run", command: "/usr/bin/python3" })).state !== "granted") {
    console.log(
      "h5py is not used: the tests may not run python3 (deno test --allow-run=/usr/bin/python3 allows it)",
    );
    return undefined;
  }
  try {
    const { success, stdout, stderr } = await new Deno.Command("/usr/bin/python3", {
      args: ["-c", script, path],
    })
      .output();
    if (success) return JSON.parse(new TextDecoder().decode(stdout));
    console.log(`h5py is not used: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
  } catch (error) {
    console.log(`h5py is not used: ${(error as Error).message}`);
  }
  return undefined;
}

async function sha256(values: Float32Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", values)).toHex();
}

Deno.test("h5py reads the same content", async () => {
  const { files } = await encodeFiles(
    options("h5py", { compression: "gzip", batch_size: 8 }),
    context(),
  );
  for (const [index, { path }] of files.entries()) {
    const content = await readByH5py(path);
    if (!content) return;
    const [shape, values] = index === 0
      ? [[3, 32, 32], alone.recon] as const
      : [[16, 8, 8], alone.latent] as const;
    assertEquals(content, {
      img: [[count, ...shape], "float32", [1, ...shape], "gzip", await sha256(values)],
      labels: [[count, 3], "float32", [256, 3], null, await sha256(labels)],
      class_names: classes,
    });
  }
});
