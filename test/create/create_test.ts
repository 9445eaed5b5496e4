import { assert, assertEquals, assertRejects } from "@std/assert";
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { isForTraining } from "../../src/create/listing.ts";
import { DataFile } from "../../src/data/hdf5_file.ts";
import { loadHdf5 } from "../../src/data/hdf5_library.ts";
import { DataError, UsageError } from "../../src/errors.ts";
import { decodeImage } from "../../src/images/decode.ts";
import { fitSquare } from "../../src/images/resize.ts";
import { firstIndices } from "../data/fixtures.ts";
import { create, grayPixels, listed, names, withImages, writeList, writePng } from "./images.ts";

const train = "set_train_16_orig.hdf5";
const valid = "set_valid_16_orig.hdf5";

async function read(path: string) {
  const file = await DataFile.open(path, { labels: "optional", unlabelled: true });
  const indices = firstIndices(file.info.count);
  const images = file.readImages(indices);
  const labels = file.info.labelCount > 0 ? file.readLabels(indices) : undefined;
  file.close();
  return { info: file.info, images, labels };
}

async function readPaths(path: string): Promise<string[]> {
  const { classes } = await loadHdf5();
  const file = new classes.File(path, "r");
  const paths = (file.get("paths") as InstanceType<typeof classes.Dataset>).value as string[];
  file.close();
  return paths;
}

function expectedImages(of: typeof listed, size: number): number[] {
  return of.flatMap((entry) => {
    const { width, height } = entry;
    const pixels = grayPixels(listed.indexOf(entry), width, height);
    const square = fitSquare({ width, height, channels: 1, pixels, largest: 255 }, size);
    const normalised = (mean: number, deviation: number) =>
      [...square.pixels].map((pixel) => (pixel / 255 - mean) / deviation);
    return [normalised(0.485, 0.229), normalised(0.456, 0.224), normalised(0.406, 0.225)].flat();
  });
}

Deno.test("createFiles resizes, normalises, labels and splits by patient, in the order of the list", async () => {
  await withImages(async (folder) => {
    const { files, skipped } = await create(folder);
    assertEquals([skipped, names(folder)], [0, [train, valid]]);
    const isTraining = ({ patient }: { patient: string }) => isForTraining(patient, 0.5, 3);
    const sides = [listed.filter(isTraining), listed.filter((entry) => !isTraining(entry))];
    for (const [index, name] of [train, valid].entries()) {
      const entries = sides[index]!;
      assert(entries.length > 1);
      const path = `${folder}/out/${name}`;
      const { info, images, labels } = await read(path);
      assertEquals([info.count, info.channels, info.height, info.width], [entries.length, 3, 16, 16]);
      const wanted = expectedImages(entries, 16);
      assert(images.every((value, index) => Math.abs(value - wanted[index]!) < 1e-5));
      const row = (labels: readonly number[]) =>
        labels.map((label) => Number.isNaN(label) ? 0 : label === -1 ? NaN : label);
      assertEquals([...labels!], entries.flatMap(({ labels }) => row(labels)));
      assertEquals(await readPaths(path), entries.map(({ path }) => path));
      const { class_names, mean, source, split, view } = info.attributes;
      assertEquals([class_names, mean, source], [
        ["first", "second", "third"],
        [0.485, 0.456, 0.406],
        "list.csv",
      ]);
      assertEquals([split, view], [index === 0 ? "train" : "valid", "all"]);
      const { tally } = files[index]!;
      assertEquals(tally.patients, new Set(entries.map(({ patient }) => patient)).size);
      assertEquals(tally.classes[0]!.positive, entries.filter(({ labels }) => labels[0] === 1).length);
      assertEquals(tally.classes[2]!.blank, entries.length);
    }
  });
});

Deno.test("createFiles writes the same bytes with any number of workers", async () => {
  await withImages(async (folder) => {
    await create(folder, { num_workers: 1, save_path: `${folder}/one` });
    await create(folder, { num_workers: 4, save_path: `${folder}/four` });
    for (const name of [train, valid]) {
      assertEquals(
        await Deno.readFile(`${folder}/four/${name}`),
        await Deno.readFile(`${folder}/one/${name}`),
      );
    }
  });
});

Deno.test("uint8 files read like float32 files, compressed or not, with one channel or three", async () => {
  await withImages(async (folder) => {
    for (const channels of [1, 3] as const) {
      const same = { channels, split: 1, paths: false, overwrite: true };
      await create(folder, same);
      const float = await read(`${folder}/out/${train}`);
      for (const compression of ["none", "gzip"] as const) {
        await create(folder, { ...same, dtype: "uint8", compression });
        const bytes = await read(`${folder}/out/${train}`);
        assertEquals([bytes.info.dtype, bytes.info.channels], ["uint8", channels]);
        assertEquals(bytes.images, float.images);
        assertEquals(bytes.labels, float.labels);
      }
    }
  });
});

Deno.test("files that cannot be read are reported, counted and left out", async () => {
  await withImages(async (folder) => {
    const data = `${folder}/data`;
    const whole = await Deno.readFile(`${data}/${listed[0]!.path}`);
    await Deno.writeFile(`${data}/cut short.png`, whole.subarray(0, whole.length / 2));
    await Deno.writeTextFile(`${data}/garbage.png`, "not an image");
    await Deno.writeFile(`${folder}/secret.png`, whole);
    await Deno.symlink(`${folder}/secret.png`, `${data}/link.png`);
    const bad = [
      "cut short.png",
      "garbage.png",
      "missing ß.png",
      "../secret.png",
      "link.png",
      `${folder}/secret.png`,
    ];
    await writeList(folder, [listed[2]!.path, ...bad, listed[3]!.path]);
    const { files, skipped, said } = await create(folder, { split: 1 });
    assertEquals([skipped, files[0]!.tally.images], [6, 2]);
    assertEquals(await readPaths(`${folder}/out/${train}`), [listed[2]!.path, listed[3]!.path]);
    const reports = said.filter((line) => line.endsWith("; skipped"));
    const places = bad.map((path) => path.startsWith("/") ? path : `${data}/${path}`);
    assertEquals(reports.map((line) => line.split(": ")[0]), places);
    assert(reports.every((line) => !line.includes("\n")));
    assertEquals(
      reports[1],
      `${data}/garbage.png: it is not a PNG, JPEG, DICOM, NIfTI, WebP or BMP image; skipped`,
    );
    assertEquals(reports[2], `${data}/missing ß.png: no such file or folder; skipped`);
    assertEquals(reports[3], `${data}/../secret.png: it is outside the data folder; skipped`);
    assertEquals(reports[4], `${data}/link.png: it is a link that leads outside the data folder; skipped`);
  });
});

Deno.test("--strict stops at the first file that cannot be read and leaves no files", async () => {
  await withImages(async (folder) => {
    await Deno.writeTextFile(`${folder}/data/garbage.png`, "not an image");
    await writeList(folder, [listed[2]!.path, listed[3]!.path, "garbage.png", listed[4]!.path]);
    const error = await assertRejects(() => create(folder, { strict: true, split: 1 }));
    assertEquals(
      (error as Error).message,
      `${folder}/data/garbage.png: it is not a PNG, JPEG, DICOM, NIfTI, WebP or BMP image; --strict stops here`,
    );
    assertEquals(names(folder), []);
  });
});

Deno.test("a run without a single readable image is refused", async () => {
  await withImages(async (folder) => {
    await writeList(folder, ["a.png", "b.png"]);
    const wrongFolder = await assertRejects(() => create(folder));
    assertEquals(
      (wrongFolder as Error).message,
      `${folder}/data: no listed image can be read from here (a.png: no such file or folder)`,
    );
    await Deno.writeTextFile(`${folder}/data/a.png`, "nothing");
    const unreadable = await assertRejects(() => create(folder));
    assertEquals((unreadable as Error).message, `${folder}/data: none of 2 images could be read`);
    assertEquals(names(folder), []);
  });
});

Deno.test("an existing file is replaced only with --overwrite", async () => {
  await withImages(async (folder) => {
    await Deno.mkdir(`${folder}/out`);
    await Deno.writeTextFile(`${folder}/out/${valid}`, "precious");
    const error = await assertRejects(() => create(folder));
    assertEquals(
      (error as Error).message,
      `${folder}/out/${valid}: already exists, expected --overwrite or another --save_path`,
    );
    assertEquals(names(folder), [valid]);
    assertEquals(await Deno.readTextFile(`${folder}/out/${valid}`), "precious");
    await create(folder, { overwrite: true });
    assertEquals(names(folder), [train, valid]);
    await Deno.remove(`${folder}/out`, { recursive: true });
    await Deno.mkdir(`${folder}/out/${train}`, { recursive: true });
    const isFolder = await assertRejects(() => create(folder, { overwrite: true }));
    assertEquals((isFolder as Error).message, `${folder}/out/${train}: cannot write: it is a folder`);
  });
});

Deno.test("a dry run counts the images and writes nothing", async () => {
  await withImages(async (folder) => {
    const { files, said } = await create(folder, { dry_run: true });
    assertEquals(files.map(({ tally, bytes }) => [tally.images, bytes]), [
      [listed.filter(({ patient }) => isForTraining(patient, 0.5, 3)).length, undefined],
      [listed.filter(({ patient }) => !isForTraining(patient, 0.5, 3)).length, undefined],
    ]);
    assertEquals([names(folder), said], [[], []]);
  });
});

Deno.test("a signal ends a run, and no files are left", async () => {
  await withImages(async (folder) => {
    const { exitCode, files } = await create(folder, {}, { exitCode: 130 });
    assertEquals([exitCode, files, names(folder)], [130, [], []]);
  });
});

Deno.test("a folder of classes needs no list; listed paths may begin with the data folder itself", async () => {
  await withImages(async (folder) => {
    await writePng(`${folder}/classes/cat/a.png`, 1, 20, 10);
    await writePng(`${folder}/classes/dog/b.png`, 2, 10, 20);
    const bare = { csv: undefined, label_columns: undefined, dataset: undefined, split: 1 };
    const { said } = await create(folder, { ...bare, data_path: `${folder}/classes` });
    assertEquals(said, []);
    const { info, labels } = await read(`${folder}/out/classes_train_16_orig.hdf5`);
    assertEquals([info.attributes.class_names, [...labels!]], [["cat", "dog"], [1, 0, 0, 1]]);
    const deeper = await create(folder, { data_path: `${folder}/data/train`, split: 1 });
    assertEquals(deeper.files[0]!.tally.images, 12);
  });
});

Deno.test("views are chosen if the list names them, and appear in the file's name", async () => {
  await withImages(async (folder) => {
    const rows = listed.map(({ path }, index) => `"${path}",${index < 8 ? "PA" : "LL"}`);
    await Deno.writeTextFile(`${folder}/list.csv`, ["path,position", ...rows].join("\n"));
    const options = { label_columns: undefined, path_column: "path", split: 1 };
    const byView = { ...options, view_column: "position" };
    await create(folder, byView);
    await create(folder, { ...byView, view: "lateral", dtype: "uint8" });
    await create(folder, { ...byView, view: "all" });
    const counts = await Promise.all(
      names(folder).map(async (name) => {
        const { info, labels } = await read(`${folder}/out/${name}`);
        return [name, info.count, labels];
      }),
    );
    assertEquals(counts, [
      ["set_train_16_frontal_normalized.hdf5", 8, undefined],
      ["set_train_16_lateral.hdf5", 4, undefined],
      ["set_train_16_orig.hdf5", 12, undefined],
    ]);
    const error = await assertRejects(() => create(folder, { ...options, view: "lateral" }), UsageError);
    assertEquals(error.message, "--view lateral: list.csv does not name the views, expected --view_column");
  });
});

Deno.test("a disk that fills up at any moment leaves neither of the two files", async () => {
  await withImages(async (folder) => {
    const { writeSync } = fs;
    let room = Infinity;
    let written = 0;
    // Imitates a full disk.
    fs.writeSync = ((descriptor: number, bytes: Int8Array, offset: number, length: number, place: number) => {
      written += length;
      if (written > room) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
      return writeSync(descriptor, bytes, offset, length, place);
    }) as typeof writeSync;
    try {
      await create(folder);
      const all = written;
      // The disk fills up at the beginning, halfway, and when the files are closed.
      for (room of [1000, all / 2, all - 20_000, all - 1]) {
        written = 0;
        await Deno.remove(`${folder}/out`, { recursive: true });
        const error = await assertRejects(() => create(folder), DataError);
        assert(/_16_orig\.hdf5: writing failed, the disk may be full$/.test(error.message), error.message);
        assertEquals(names(folder), [], `${room} of ${all} bytes`);
      }
    } finally {
      fs.writeSync = writeSync;
    }
  });
});

Deno.test("each frame of a file becomes an image with the file's labels and patient", async () => {
  await withImages(async (folder) => {
    const frames = fileURLToPath(new URL("../data_files/images/dicom_frames.dcm", import.meta.url));
    const count = (await decodeImage(await Deno.readFile(frames))).length;
    assert(count > 1);
    await Deno.copyFile(frames, `${folder}/data/frames.dcm`);
    await writeList(folder, [listed[2]!.path, "frames.dcm", listed[3]!.path]);
    const { files } = await create(folder, { split: 1, uncertain: "ones" });
    const numbered = Array.from({ length: count }, (_, index) => `frames.dcm#${index + 1}`);
    assertEquals(await readPaths(`${folder}/out/${train}`), [listed[2]!.path, ...numbered, listed[3]!.path]);
    const { labels } = await read(`${folder}/out/${train}`);
    const rows = [0, ...numbered.map(() => 1), 2].flatMap((index) => listed[index]!.labels);
    assertEquals([...labels!], rows.map((label) => Number.isNaN(label) ? 0 : Math.abs(label)));
    assertEquals([files[0]!.tally.images, files[0]!.tally.patients], [count + 2, 3]);
  });
});
