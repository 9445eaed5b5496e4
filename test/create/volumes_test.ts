import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { loadHdf5 } from "../../src/data/hdf5_library.ts";
import { UsageError } from "../../src/errors.ts";
import { readImageFile } from "../images/files.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";
import { create } from "./images.ts";

const field = new URL("../data_files/field_images/", import.meta.url);
const plain = { csv: undefined, label_columns: undefined, labels: false, split: 1 } as const;

async function readPaths(path: string): Promise<string[]> {
  const { classes } = await loadHdf5();
  const file = new classes.File(path, "r");
  const paths = (file.get("paths") as InstanceType<typeof classes.Dataset>).value as string[];
  file.close();
  return paths;
}

async function withFile(
  names: string[],
  use: (folder: string) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(`${folder}/data`);
    for (const name of names) await Deno.copyFile(new URL(name, field), `${folder}/data/${name}`);
    await use(folder);
  });
}

Deno.test("slices of a volume keep their numbers if blank ones are left out", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(`${folder}/data`);
    const bytes = await readImageFile("nifti_uint8.nii");
    bytes.fill(7, 352, 352 + 23 * 19);
    await Deno.writeFile(`${folder}/data/a.nii`, bytes);
    const { files } = await create(folder, plain);
    assertEquals(await readPaths(files[0]!.path), [2, 3, 4, 5].map((number) => `a.nii#${number}`));
    const all = await create(folder, { ...plain, blank_slices: true, overwrite: true });
    assertEquals(all.files[0]!.tally.images, 5);
    const sagittal = await create(folder, { ...plain, axis: 0, overwrite: true });
    assertEquals(sagittal.files[0]!.tally.images, 23);
  });
});

Deno.test("a volume in two files is read through its header", async () => {
  await withFile(["pair_nifti.hdr", "pair_nifti.img"], async (folder) => {
    const { files, skipped } = await create(folder, plain);
    assertEquals([files[0]!.tally.images, skipped], [3, 0]);
  });
});

Deno.test("each kind of warning is printed once, with the number of files", async () => {
  await withFile(["odd_slope_0.dcm", "odd_frames_0.dcm", "odd_lower_case.dcm"], async (folder) => {
    await Deno.copyFile(`${folder}/data/odd_slope_0.dcm`, `${folder}/data/other.dcm`);
    const { said, skipped } = await create(folder, plain);
    assertEquals(skipped, 0);
    const warnings = said.filter((line) => /its (rescale|number)/.test(line));
    assertEquals(warnings.length, 2);
    assertMatch(warnings[0]!, /^odd_slope_0\.dcm and 1 more: its rescale slope is 0/);
    assertMatch(warnings[1]!, /^odd_frames_0\.dcm: its number of frames is 0/);
  });
});

Deno.test("a window that is none is refused before anything is written", async () => {
  await withFile(["odd_lower_case.dcm"], async (folder) => {
    await assertRejects(() => create(folder, { ...plain, window: "liver" }), UsageError, '--window: "liver"');
  });
});
