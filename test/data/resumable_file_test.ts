import { assert, assertEquals, assertRejects } from "@std/assert";
import fs from "node:fs";
import { join } from "node:path";
import { DataFile } from "../../src/data/hdf5_file.ts";
import { restoreFromJournal } from "../../src/data/journal.ts";
import {
  type ResumableFileOptions,
  ResumableImageFile,
  type StartMode,
} from "../../src/data/resumable_file.ts";
import { ImageFileWriter } from "../../src/data/write.ts";
import { DataError } from "../../src/errors.ts";
import { normalArray } from "../../src/random.ts";
import { firstIndices, inTemporaryFolder } from "./fixtures.ts";

const pixels = 3 * 16 * 16;
const perBatch = 4;
const options: ResumableFileOptions = {
  shape: [3, 16, 16],
  labelCount: 2,
  attributes: {
    codec: "best.safetensors",
    class_names: ["one – eins", "two"],
    batch_size: perBatch,
    mean: [0.5],
  },
  total: 11,
};

const images = normalArray(1, options.total * pixels);
const labels = Float32Array.from(
  { length: 2 * options.total },
  (_, index) => index % 3 === 0 ? NaN : index % 5 - 1,
);

const open = (path: string, mode: StartMode, changes: Partial<ResumableFileOptions> = {}) =>
  ResumableImageFile.open(path, { ...options, ...changes }, mode);

/** Appends batches until the file has at least `end` images. */
async function add(file: ResumableImageFile, end = options.total): Promise<void> {
  while (file.count < end) {
    const [first, last] = [file.count, Math.min(options.total, file.count + perBatch)];
    await file.append(images.slice(first * pixels, last * pixels), labels.slice(2 * first, 2 * last));
  }
}

async function writeWhole(path: string, changes: Partial<ResumableFileOptions> = {}): Promise<Uint8Array> {
  const file = await open(path, "new", changes);
  await add(file);
  await file.finish();
  return await Deno.readFile(path);
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Calls `observe` before every write of the HDF5 library. If it throws, the write fails. */
async function beforeWrites(observe: (length: number) => void, run: () => Promise<void>): Promise<void> {
  const { writeSync } = fs;
  fs.writeSync = ((descriptor: number, data: Int8Array, offset: number, length: number, place: number) => {
    observe(length);
    return writeSync(descriptor, data, offset, length, place);
  }) as typeof writeSync;
  try {
    await run();
  } finally {
    fs.writeSync = writeSync;
  }
}

/** Imitates a disk with `room` free bytes. */
async function withRoom(room: number, run: () => Promise<void>): Promise<void> {
  await beforeWrites((length) => {
    room -= length;
    if (room < 0) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  }, run);
}

Deno.test("a file that is resumed at any batch equals an uninterrupted one byte for byte", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const gzip of [undefined, 4]) {
      const whole = await writeWhole(`${folder}/whole${gzip}.hdf5`, { gzip });
      for (const end of [0, 4, 8, 11]) {
        const path = `${folder}/resumed${gzip}at${end}.hdf5`;
        await add(await open(path, "new", { gzip }), end);
        const resumed = await open(path, "resume", { gzip });
        assertEquals([resumed.count, resumed.isFinished], [end, false]);
        await add(resumed);
        assertEquals(namesIn(folder).includes(`resumed${gzip}at${end}.hdf5`), false);
        await resumed.finish();
        assertEquals(await Deno.readFile(path), whole);
      }
    }
  });
});

Deno.test("images, labels with NaN and attributes can be read back, and no other files remain", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeWhole(`${folder}/a.hdf5`);
    assertEquals(namesIn(folder), ["a.hdf5"]);
    const file = await DataFile.open(`${folder}/a.hdf5`, { labels: true, unlabelled: true });
    assertEquals(file.info.count, options.total);
    assertEquals(file.readImages(firstIndices(options.total)), images);
    assertEquals(file.readLabels(firstIndices(options.total)), labels);
    assertEquals(file.info.attributes, options.attributes as Record<string, unknown>);
    file.close();
  });
});

Deno.test("existing files are replaced or continued only on request", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/a.hdf5`;
    await add(await open(path, "new"), 4);
    const early = await assertRejects(() => open(path, "new"), DataError);
    assertEquals(
      early.message,
      `${path}.partial: an earlier run did not finish, expected --resume or --overwrite`,
    );
    await add(await open(path, "overwrite"), 8);
    const file = await open(path, "resume");
    assertEquals(file.count, 8);
    await add(file);
    await file.finish();
    const there = await assertRejects(() => open(path, "new"), DataError);
    assertEquals(there.message, `${path}: already exists, expected --overwrite or another --save_path`);
    const complete = await open(path, "resume");
    assertEquals([complete.count, complete.isFinished], [options.total, true]);
    const old = await Deno.readFile(path);
    const again = await open(path, "overwrite");
    await add(again, 8);
    assertEquals(await Deno.readFile(path), old);
    await add(again);
    await again.finish();
    assertEquals(await Deno.readFile(path), old);
    assertEquals(namesIn(folder), ["a.hdf5"]);
  });
});

Deno.test("the file of another run is refused, with the option that differs", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/a.hdf5`;
    await add(await open(path, "new"), 4);
    const refused = async (
      changes: Partial<ResumableFileOptions>,
      message: string,
      place = `${path}.partial`,
    ) => {
      const error = await assertRejects(() => open(path, "resume", changes), DataError);
      assertEquals(error.message, `${place}: belongs to another run: ${message}; --overwrite starts again`);
    };
    const { attributes } = options;
    await refused(
      { attributes: { ...attributes, codec: "last.safetensors" } },
      'codec is "best.safetensors", expected "last.safetensors"',
    );
    await refused(
      { attributes: { ...attributes, class_names: ["a", "b"] } },
      'class_names is ["one – eins","two"], expected ["a","b"]',
    );
    await refused({ attributes: { ...attributes, further: 1 } }, "further is missing, expected 1");
    await refused({ shape: [3, 16, 32] }, "shape is [3,16,16], expected [3,16,32]");
    await refused({ labelCount: 0 }, "labels is 2, expected 0");
    const file = await open(path, "resume");
    await add(file);
    await file.finish();
    await refused({ total: 12 }, "images is 11, expected 12", path);
  });
});

Deno.test("a disk that fills up at any moment leaves the earlier batches, and the run can continue", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/a.hdf5`;
    const whole = await writeWhole(`${folder}/whole.hdf5`);
    const file = await open(path, "new");
    await add(file, 4);
    const good = await Deno.readFile(`${path}.partial`);
    let failures = 0;
    for (let room = 0;; room += 1000) {
      const failed = await failureOf(() => withRoom(room, () => add(file, 8)));
      if (!failed) break;
      failures++;
      assertEquals(failed.message, `${path}: writing failed, the disk may be full`);
      assertEquals(file.count, 4);
      assertEquals(namesIn(folder), ["a.hdf5.partial", "whole.hdf5"]);
      assertEquals(await Deno.readFile(`${path}.partial`), good);
    }
    assert(failures > 4, `the disk was full only ${failures} times`);
    await add(file);
    await file.finish();
    assertEquals(await Deno.readFile(path), whole);
  });
});

Deno.test("a disk that is full from the start leaves no files", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const room of [0, 5000]) {
      const file = await open(`${folder}/a.hdf5`, "new");
      await assertRejects(() => withRoom(room, () => add(file)), DataError);
      assertEquals(namesIn(folder), []);
    }
  });
});

Deno.test("a run that is killed at any write can continue from the batch before", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/a.hdf5`;
    const whole = await writeWhole(`${folder}/whole.hdf5`);
    await add(await open(path, "new"), 4);
    const good = await Deno.readFile(`${path}.partial`);
    const states: Map<string, Uint8Array>[] = [];
    // The files before each write are what a killed process leaves.
    await beforeWrites(
      () =>
        states.push(new Map(namesIn(folder).map((name) => [name, Deno.readFileSync(join(folder, name))]))),
      async () => await add(await open(path, "resume"), 8),
    );
    assert(states.length > 4 && states.every((state) => state.has("a.hdf5.partial.journal")));
    assert(states.some((state) => `${state.get("a.hdf5.partial")!.slice(0, good.length)}` !== `${good}`));
    for (const [index, state] of states.entries()) {
      const killed = join(folder, `killed${index}`);
      await Deno.mkdir(killed);
      for (const [name, bytes] of state) await Deno.writeFile(join(killed, name), bytes);
      const file = await open(`${killed}/a.hdf5`, "resume");
      assertEquals(file.count, 4);
      assertEquals(await Deno.readFile(`${killed}/a.hdf5.partial`), good);
      await add(file);
      await file.finish();
      assertEquals(await Deno.readFile(file.path), whole);
      assertEquals(namesIn(killed), ["a.hdf5", "whole.hdf5"]);
    }
  });
});

Deno.test("restoreFromJournal uses the complete records of a journal that is cut short", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/file`;
    await Deno.writeFile(path, Uint8Array.of(1, 9, 3, 4, 5));
    const record = (position: number, length: number, ...bytes: number[]) => [
      ...new Uint8Array(Float64Array.of(position, length).buffer),
      ...bytes,
    ];
    const journal = [...record(4, 0), ...record(1, 1, 7), ...record(1, 1, 9), ...record(2, 2, 8)];
    await Deno.writeFile(`${path}.journal`, Uint8Array.from(journal));
    await restoreFromJournal(path);
    assertEquals(await Deno.readFile(path), Uint8Array.of(1, 7, 3, 4));
    assertEquals(namesIn(folder), ["file"]);
  });
});

Deno.test("append names a path that cannot be written", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/missing/a.hdf5`;
    const file = await open(path, "new");
    const error = await assertRejects(() => add(file), DataError);
    assertEquals(
      error.message,
      `${path}: cannot be written; expected a path in an existing, writable folder`,
    );
  });
});

Deno.test("ImageFileWriter writes labels with NaN", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/a.hdf5`;
    const writer = await ImageFileWriter.create(path, { shape: [1, 1, 1], labelCount: 2 });
    writer.append(Float32Array.of(1, 2), Float32Array.of(NaN, 0, 1, NaN));
    await writer.finish();
    const file = await DataFile.open(path, { labels: true, unlabelled: true });
    assertEquals(file.readLabels(firstIndices(2)), Float32Array.of(NaN, 0, 1, NaN));
    file.close();
  });
});

async function failureOf(run: () => Promise<void>): Promise<DataError | undefined> {
  try {
    await run();
  } catch (error) {
    assert(error instanceof DataError, String(error));
    return error;
  }
}
