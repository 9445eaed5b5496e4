import { assertEquals, assertRejects } from "@std/assert";
import { dataFileNames, derivedFileName, resolveDataFile } from "../../src/data/locate.ts";
import { DataError } from "../../src/errors.ts";
import { inTemporaryFolder } from "./fixtures.ts";

const wanted = { dataset: "CheXpert", split: "train", size: 256, view: "frontal" } as const;

async function touch(path: string): Promise<string> {
  await Deno.writeTextFile(path, "");
  return path;
}

Deno.test("resolveDataFile returns a file that is named directly", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = await touch(`${folder}/anything.h5`);
    assertEquals(await resolveDataFile(path, wanted), path);
  });
});

Deno.test("resolveDataFile searches a folder for the usual names, the normalised one first", async () => {
  await inTemporaryFolder(async (folder) => {
    await touch(`${folder}/CheXpert_valid_256_frontal_normalized.hdf5`);
    await touch(`${folder}/CheXpert_train_128_frontal_normalized.hdf5`);
    const original = await touch(`${folder}/CheXpert_train_256_orig.hdf5`);
    assertEquals(await resolveDataFile(folder, wanted), original);
    const plain = await touch(`${folder}/CheXpert_train_256_frontal.hdf5`);
    assertEquals(await resolveDataFile(folder, wanted), plain);
    const normalised = await touch(`${folder}/CheXpert_train_256_frontal_normalized.hdf5`);
    assertEquals(await resolveDataFile(folder, wanted), normalised);
    assertEquals(await resolveDataFile(`${folder}/`, wanted), normalised);
    const latent = await touch(`${folder}/CheXpert_train_256_latent.hdf5`);
    assertEquals(await resolveDataFile(folder, { ...wanted, kind: "latent" }), latent);
  });
});

Deno.test("resolveDataFile lists the names that it tried", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(`${folder}/CheXpert_train_256_orig.hdf5`);
    const missing = await assertRejects(() => resolveDataFile(folder, wanted), DataError);
    assertEquals(
      missing.message,
      `${folder}: no data file in this folder, expected CheXpert_train_256_frontal_normalized.hdf5 or ` +
        "CheXpert_train_256_frontal.hdf5 or CheXpert_train_256_orig.hdf5",
    );
    const recon = await assertRejects(() => resolveDataFile(folder, { ...wanted, kind: "recon" }), DataError);
    assertEquals(
      recon.message,
      `${folder}: no data file in this folder, expected CheXpert_train_256_recon.hdf5`,
    );
  });
});

Deno.test("resolveDataFile refuses a path that does not exist", async () => {
  const error = await assertRejects(() => resolveDataFile("no/such/place", wanted), DataError);
  assertEquals(
    error.message,
    "no/such/place: no such file or folder, expected an HDF5 file or a folder of them",
  );
});

Deno.test("resolveDataFile finds the names that derivedFileName makes", () => {
  for (const kind of ["recon", "latent"] as const) {
    for (const view of ["frontal", "all", "lateral_left"]) {
      for (const split of ["train", "valid"] as const) {
        const file = { ...wanted, dataset: "my_train_set", split, view };
        for (const name of dataFileNames(file)) {
          assertEquals(
            [derivedFileName(`/some/folder_train_1/${name}`, kind)],
            dataFileNames({ ...file, kind }),
          );
        }
      }
    }
  }
  assertEquals(derivedFileName("chest.h5", "recon"), "chest_recon.hdf5");
  assertEquals(derivedFileName("chest_orig.hdf5", "latent"), "chest_latent.hdf5");
  assertEquals(derivedFileName("chest_normalized.HDF5", "latent"), "chest_latent.hdf5");
  assertEquals(derivedFileName("chest", "latent"), "chest_latent.hdf5");
});
