import { assert, assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Hdf5Dataset } from "../../src/data/hdf5_dataset.ts";
import { DataFile } from "../../src/data/hdf5_file.ts";
import { openHdf5 } from "../../src/data/hdf5_library.ts";
import { DataError } from "../../src/errors.ts";
import { firstIndices, inTemporaryFolder } from "./fixtures.ts";

const folder = fileURLToPath(new URL("../data_files/hdf5_formats/", import.meta.url));
const expected: Record<string, number[]> = JSON.parse(Deno.readTextFileSync(`${folder}expected.json`));

const types: Record<string, string> = {
  bfloat16le: "float32",
  bfloat16be: "float32",
  bfloat16_gzip: "float32",
  bfloat16_committed: "float32",
  float8: "float32",
  float24: "float32",
  uint12_at_4: "uint16",
  uint12_at_4_be: "uint16",
  uint12: "uint16",
  int12_at_3: "int16",
  int12_be: "int16",
  uint12_in_32: "uint32",
  uint24: "uint32",
  uint24_be: "uint32",
  int40_in_64: "int64",
  uint12_nbit: "uint16",
  int12_nbit_be: "int16",
  uint6: "uint8",
};

Deno.test("numbers of unusual formats are converted as libhdf5 converts them", async (t) => {
  assertEquals(Object.keys(expected).sort(), Object.keys(types).sort());
  for (const [name, values] of Object.entries(expected)) {
    await t.step(name, async () => {
      const file = await openHdf5(`${folder}${name}.h5`);
      const dataset = new Hdf5Dataset(file, "img", "[N, C, H, W]");
      assertEquals([dataset.shape, dataset.elementType], [[3, 1, 4, 6], types[name]]);
      const read: number[] = [];
      dataset.readRows(firstIndices(3), (row) => read.push(...Array.from(row, Number)));
      assertEquals(read, values);
      dataset.close();
      file.library.close_file(file.id);
    });
  }
});

Deno.test("images of 12 bits at an offset have the values that h5py reads", async () => {
  const file = await DataFile.open(`${folder}prec12_off4.h5`);
  const packed = await Deno.readFile(`${folder}prec12_off4.h5.expected.gz`);
  const values = new Float32Array(Uint8Array.from(gunzipSync(packed)).buffer);
  assertEquals([file.info.dtype, file.info.count * file.info.height * file.info.width], [
    "uint16",
    values.length,
  ]);
  const read = file.readImages(firstIndices(file.info.count));
  const worst = read.reduce(
    (most, value, index) => Math.max(most, Math.abs((value * 0.226 + 0.449) * 65535 - values[index]!)),
    0,
  );
  assert(worst < 0.02, `${worst}`);
  file.close();
});

Deno.test("a format that cannot be read is refused", async () => {
  await inTemporaryFolder(async (temporary) => {
    const bytes = await Deno.readFile(`${folder}bfloat16le.h5`);
    // The type message: class 1 of version 1, flags with the position of the sign, size 2.
    const at = bytes.findIndex((byte, index) =>
      byte === 0x11 && bytes[index + 2] === 15 && bytes[index + 4] === 2 && bytes[index + 5] === 0
    );
    for (const [place, value] of [[at + 1, bytes[at + 1]! & ~0x30], [at + 1, bytes[at + 1]! | 0x41]]) {
      const changed = bytes.slice();
      changed[place!] = value!;
      await Deno.writeFile(`${temporary}/changed.h5`, changed);
      const error = await assertRejects(() => DataFile.open(`${temporary}/changed.h5`), DataError);
      assertEquals(
        error.message,
        `${temporary}/changed.h5: "img" holds 16-bit floating-point numbers of an unusual format, ` +
          "expected numbers [N, C, H, W]",
      );
    }
  });
});
