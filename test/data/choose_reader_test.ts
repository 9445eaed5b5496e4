import { assert, assertEquals, assertThrows } from "@std/assert";
import { chooseRowReader } from "../../src/data/choose_reader.ts";
import { type Hdf5Handle, loadHdf5, openHdf5 } from "../../src/data/hdf5_library.ts";
import { resolveObject } from "../../src/data/hdf5_links.ts";
import { LibraryRows } from "../../src/data/library_rows.ts";
import type { RowReader } from "../../src/data/row_reader.ts";
import { StoredRows } from "../../src/data/stored_rows.ts";
import { ImageFileWriter } from "../../src/data/write.ts";
import { DataError } from "../../src/errors.ts";
import { permutation } from "../../src/random.ts";
import { fixture, inTemporaryFolder } from "./fixtures.ts";

/** Opens a dataset with the chosen reader and with the library. */
async function withBothReaders(
  path: string,
  key: string,
  use: (chosen: RowReader, library: RowReader, rows: number, rowBytes: number) => void,
): Promise<void> {
  const opened = [await openHdf5(path)];
  const { file, name } = await resolveObject(opened[0]!, key, opened);
  const metadata = file.library.get_dataset_metadata(file.id, `/${name}`);
  const [rows, ...row] = metadata.shape!;
  const rowBytes = row.reduce((product, size) => product * size, metadata.size);
  const library = new LibraryRows(file, name, metadata.shape!, rowBytes, metadata.chunks?.[0] ?? 1);
  const chosen = chooseRowReader(file, name, metadata);
  try {
    use(chosen, library, rows!, rowBytes);
  } finally {
    chosen.close();
    library.close();
    opened.forEach(close);
  }
}

function close({ library, id }: Hdf5Handle): void {
  library.close_file(id);
}

/** Checks that both readers return equal bytes, for every range of rows if there are few, otherwise for some. */
function assertEqualRows(chosen: RowReader, library: RowReader, rows: number, rowBytes: number): void {
  const step = Math.max(1, Math.floor(rows / 7));
  for (let start = 0; start < rows; start += step) {
    for (let end = start + 1; end <= rows; end += step) {
      const bytes = chosen.read(start, end - start).slice();
      assertEquals(bytes.length, (end - start) * rowBytes);
      assertEquals(bytes, library.read(start, end - start).slice());
    }
  }
}

const readDirectly = [
  "float16le_contiguous",
  "float16be_contiguous",
  "float32le_contiguous",
  "float32be_contiguous",
  "float64le_contiguous",
  "float64be_contiguous",
  "uint8_contiguous",
  "uint16le_contiguous",
  "uint16be_contiguous",
  "gray_3d_uint8",
  "gray_4d_float32",
  "float32le_chunked_rows",
  "float32be_gzip_shuffle_rows",
  "uint8_gzip_left_out",
];
const readByLibrary = [
  // Other indices of chunks than a version 1 B-tree.
  "float32le_chunked",
  "float32le_gzip_shuffle",
  // Other filters, chunks that divide images, missing chunks.
  "float32le_lzf",
  "float32le_odd_chunks",
  "uint8_chunked_holes",
];

Deno.test("known layouts are read directly, others by the library, with equal rows", async (t) => {
  for (const name of [...readDirectly, ...readByLibrary]) {
    await t.step(
      name,
      () =>
        withBothReaders(fixture(`${name}.h5`), "img", (chosen, library, rows, rowBytes) => {
          assertEquals(chosen instanceof StoredRows, readDirectly.includes(name));
          assertEqualRows(chosen, library, rows, rowBytes);
        }),
    );
  }
});

/** Writes images [count, 1, 4, 4] and labels [count, 2] in which all numbers differ. */
async function writeDistinct(path: string, count: number, gzip?: number): Promise<void> {
  const writer = await ImageFileWriter.create(path, { shape: [1, 4, 4], labelCount: 2, gzip });
  const values = Float32Array.from(permutation(count, count * 18));
  writer.append(values.subarray(0, count * 16), values.subarray(count * 16));
  await writer.finish();
}

Deno.test("files of ImageFileWriter are read directly, large trees of chunks included", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const gzip of [undefined, 1]) {
      const path = `${folder}/${gzip}.h5`;
      // More chunks than fit in two levels of a tree.
      await writeDistinct(path, 5000, gzip);
      for (const name of ["img", "labels"]) {
        await withBothReaders(path, name, (chosen, library, rows, rowBytes) => {
          assertEquals([chosen instanceof StoredRows, rows], [true, 5000]);
          assertEquals(chosen.isCompressed, name === "img" && gzip !== undefined);
          assertEqualRows(chosen, library, rows, rowBytes);
        });
      }
    }
  });
});

Deno.test("an HDF5 file that starts after other bytes is read directly", async () => {
  await inTemporaryFolder(async (folder) => {
    const whole = await Deno.readFile(fixture("float32le_chunked_rows.h5"));
    const shifted = new Uint8Array(1024 + whole.length);
    shifted.set(whole, 1024);
    await Deno.writeFile(`${folder}/shifted.h5`, shifted);
    await withBothReaders(`${folder}/shifted.h5`, "img", (chosen, library, rows, rowBytes) => {
      assertEquals(chosen instanceof StoredRows, true);
      assertEqualRows(chosen, library, rows, rowBytes);
    });
  });
});

Deno.test("a dataset that is a link to another file is read", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeDistinct(`${folder}/linked.h5`, 3);
    const { classes } = await loadHdf5();
    const file = new classes.File(`${folder}/links.h5`, "w");
    file.create_external_link("linked.h5", "/img", "img");
    file.close();
    await withBothReaders(`${folder}/links.h5`, "img", assertEqualRows);
  });
});

Deno.test("the error names a row that is lost after the file was opened", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const gzip of [undefined, 1]) {
      const path = `${folder}/${gzip}.h5`;
      await writeDistinct(path, 400, gzip);
      await withBothReaders(path, "img", (chosen) => {
        Deno.truncateSync(path, Math.floor(Deno.statSync(path).size / 2));
        const error = assertThrows(() => chosen.read(0, 400), DataError);
        const row = Number(/row (\d+) \(counted from 0\) of "img" cannot be read/.exec(error.message)?.[1]);
        assert(row > 50 && row < 350, `row ${row}`);
        assertEquals(chosen.read(0, row).length, 64 * row);
        assertThrows(() => chosen.read(row, 1), DataError, `${path}: row ${row} (counted from 0)`);
      });
    }
  });
});

Deno.test("a damaged tree of chunks never gives rows other than the library's", async () => {
  const whole = await Deno.readFile(fixture("float32le_chunked_rows.h5"));
  const text = new TextDecoder("latin1").decode(whole);
  // Trees of chunks have type 1; trees of groups have type 0.
  const tree = text.indexOf("TREE\x01");
  const [keyBytes, addressBytes, chunks] = [48, 8, 3];
  let direct = 0;
  await inTemporaryFolder(async (folder) => {
    for (let at = tree; at < tree + 24 + chunks * (keyBytes + addressBytes); at++) {
      const path = `${folder}/${at}.h5`;
      const damaged = whole.slice();
      damaged[at]! ^= 2;
      await Deno.writeFile(path, damaged);
      await withBothReaders(path, "img", (chosen, library, rows) => {
        if (!(chosen instanceof StoredRows)) return;
        direct++;
        for (let row = 0; row < rows; row++) {
          assertEquals(
            bytesOf(chosen, row),
            bytesOf(library, row),
            `byte ${at - tree} of the tree, row ${row}`,
          );
        }
      });
    }
  });
  assert(direct > 10, `only ${direct} were read directly`);
});

/** A row's bytes; undefined if it cannot be read. */
function bytesOf(reader: RowReader, row: number): Uint8Array | undefined {
  try {
    return reader.read(row, 1).slice();
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
