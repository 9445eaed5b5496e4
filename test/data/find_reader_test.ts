import { assert, assertEquals, assertThrows } from "@std/assert";
import { rowReader } from "../../src/data/find_reader.ts";
import { type Hdf5Handle, loadHdf5, openHdf5 } from "../../src/data/hdf5_library.ts";
import { LibraryRows } from "../../src/data/library_rows.ts";
import type { RowReader } from "../../src/data/row_reader.ts";
import { StoredRows } from "../../src/data/stored_rows.ts";
import { ImageFileWriter } from "../../src/data/write.ts";
import { DataError } from "../../src/errors.ts";
import { permutation } from "../../src/random.ts";
import { fixture, inTemporaryFolder } from "./fixtures.ts";

/** Opens a dataset in both ways: the one that is chosen, and by the library. */
async function inBothWays(
  path: string,
  name: string,
  use: (chosen: RowReader, library: RowReader, rows: number, rowBytes: number) => void,
): Promise<void> {
  const file = await openHdf5(path);
  const metadata = file.library.get_dataset_metadata(file.id, `/${name}`);
  const [rows, ...row] = metadata.shape!;
  const rowBytes = row.reduce((product, size) => product * size, metadata.size);
  const library = new LibraryRows(file, name, metadata.shape!, rowBytes, metadata.chunks?.[0] ?? 1);
  const chosen = rowReader(file, name, metadata);
  try {
    use(chosen, library, rows!, rowBytes);
  } finally {
    chosen.close();
    library.close();
    close(file);
  }
}

function close({ library, id }: Hdf5Handle): void {
  library.close_file(id);
}

/** Every stretch of rows, at least where there are few, must be the library's to the byte. */
function assertAlike(chosen: RowReader, library: RowReader, rows: number, rowBytes: number): void {
  const step = Math.max(1, Math.floor(rows / 7));
  for (let start = 0; start < rows; start += step) {
    for (let end = start + 1; end <= rows; end += step) {
      const bytes = chosen.read(start, end - start).slice();
      assertEquals(bytes.length, (end - start) * rowBytes);
      assertEquals(bytes, library.read(start, end - start).slice());
    }
  }
}

const pastTheLibrary = [
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
const byTheLibrary = [
  // Under the indices of newer files.
  "float32le_chunked",
  "float32le_gzip_shuffle",
  // Filters of others, chunks of parts of images, chunks that are not there.
  "float32le_lzf",
  "float32le_odd_chunks",
  "uint8_chunked_holes",
];

Deno.test("rows of known layouts are read past the library, others by it, all alike", async (t) => {
  for (const name of [...pastTheLibrary, ...byTheLibrary]) {
    await t.step(name, () =>
      inBothWays(fixture(`${name}.h5`), "img", (chosen, library, rows, rowBytes) => {
        assertEquals(chosen instanceof StoredRows, pastTheLibrary.includes(name));
        assertAlike(chosen, library, rows, rowBytes);
      }));
  }
});

/** Writes images [count, 1, 4, 4] and labels [count, 2], no two numbers of which are the same. */
async function writeDifferent(path: string, count: number, gzip?: number): Promise<void> {
  const writer = await ImageFileWriter.create(path, { shape: [1, 4, 4], labelCount: 2, gzip });
  const values = Float32Array.from(permutation(count, count * 18));
  writer.append(values.subarray(0, count * 16), values.subarray(count * 16));
  await writer.finish();
}

Deno.test("what this project writes is read past the library, large trees of chunks included", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const gzip of [undefined, 1]) {
      const path = `${folder}/${gzip}.h5`;
      // More chunks than two levels of a tree hold.
      await writeDifferent(path, 5000, gzip);
      for (const name of ["img", "labels"]) {
        await inBothWays(path, name, (chosen, library, rows, rowBytes) => {
          assertEquals([chosen instanceof StoredRows, rows], [true, 5000]);
          assertEquals(chosen.isPacked, name === "img" && gzip !== undefined);
          assertAlike(chosen, library, rows, rowBytes);
        });
      }
    }
  });
});

Deno.test("an HDF5 file behind something else is read past the library", async () => {
  await inTemporaryFolder(async (folder) => {
    const whole = await Deno.readFile(fixture("float32le_chunked_rows.h5"));
    const shifted = new Uint8Array(1024 + whole.length);
    shifted.set(whole, 1024);
    await Deno.writeFile(`${folder}/shifted.h5`, shifted);
    await inBothWays(`${folder}/shifted.h5`, "img", (chosen, library, rows, rowBytes) => {
      assertEquals(chosen instanceof StoredRows, true);
      assertAlike(chosen, library, rows, rowBytes);
    });
  });
});

Deno.test("a dataset in another file, to which a link leads, is read", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeDifferent(`${folder}/linked.h5`, 3);
    const { classes } = await loadHdf5();
    const file = new classes.File(`${folder}/links.h5`, "w");
    file.create_external_link("linked.h5", "/img", "img");
    file.close();
    await inBothWays(`${folder}/links.h5`, "img", assertAlike);
  });
});

Deno.test("a row that is gone since the file was opened is named", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const gzip of [undefined, 1]) {
      const path = `${folder}/${gzip}.h5`;
      await writeDifferent(path, 400, gzip);
      await inBothWays(path, "img", (chosen) => {
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

Deno.test("no wrong byte in a tree of chunks makes rows other than the library's", async () => {
  const whole = await Deno.readFile(fixture("float32le_chunked_rows.h5"));
  const text = new TextDecoder("latin1").decode(whole);
  // The tree of the file's chunks is of type 1; those of groups are of type 0.
  const tree = text.indexOf("TREE\x01");
  const [keyBytes, addressBytes, chunks] = [48, 8, 3];
  let past = 0;
  await inTemporaryFolder(async (folder) => {
    for (let at = tree; at < tree + 24 + chunks * (keyBytes + addressBytes); at++) {
      const path = `${folder}/${at}.h5`;
      const spoilt = whole.slice();
      spoilt[at]! ^= 2;
      await Deno.writeFile(path, spoilt);
      await inBothWays(path, "img", (chosen, library, rows) => {
        if (!(chosen instanceof StoredRows)) return;
        past++;
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
  assert(past > 10, `only ${past} were read past the library`);
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
