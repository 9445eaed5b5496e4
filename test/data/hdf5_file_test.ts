import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fs from "node:fs";
import { dirname } from "node:path";
import { DataFile, type DataFileOptions, requireDivisible } from "../../src/data/hdf5_file.ts";
import { DataError } from "../../src/errors.ts";
import { firstIndices, fixture, inTemporaryFolder } from "./fixtures.ts";

interface Expected {
  files: Record<string, { dtype: string; images: number; labels: number }>;
  numbers: number[][];
}

const expected: Expected = JSON.parse(Deno.readTextFileSync(fixture("expected.json")));

Deno.test("DataFile reads every type, byte order, layout and filter as h5py does", async (t) => {
  for (const [name, { dtype, images, labels }] of Object.entries(expected.files)) {
    await t.step(name, async () => {
      const file = await DataFile.open(fixture(name), { channels: 3, labels: true });
      assertEquals(file.info.dtype, dtype);
      assertEquals([file.info.count, file.info.channels, file.info.height, file.info.width], [5, 3, 3, 10]);
      const wanted = Float32Array.from(expected.numbers[images]!);
      const read = file.readImages(firstIndices(5));
      if (dtype.startsWith("float")) assertEquals(read, wanted);
      else assertClose(read, wanted, 1e-6);
      assertEquals(file.readLabels(firstIndices(5)), Float32Array.from(expected.numbers[labels]!));
      // Out of order, with one image twice and one omitted.
      const some = file.readImages(Uint32Array.of(4, 0, 4, 3, 1));
      for (const [position, index] of [4, 0, 4, 3, 1].entries()) {
        assertEquals(
          some.slice(position * 90, (position + 1) * 90),
          read.slice(index * 90, (index + 1) * 90),
        );
      }
      file.close();
    });
  }
});

function assertClose(actual: Float32Array, wanted: Float32Array, tolerance: number): void {
  assertEquals(actual.length, wanted.length);
  const worst = actual.reduce((most, value, index) => Math.max(most, Math.abs(value - wanted[index]!)), 0);
  assert(worst <= tolerance, `differs by ${worst}`);
}

Deno.test("the test files cover all types, byte orders, layouts and filters", () => {
  const names = Object.keys(expected.files).join(" ");
  for (const type of ["float16", "float32", "float64", "uint16"]) {
    for (const order of ["le", "be"]) {
      assertMatch(names, new RegExp(`${type}${order}_contiguous.*${type}${order}_lzf`));
    }
  }
  for (const layout of ["contiguous", "chunked", "gzip", "gzip_shuffle", "lzf", "odd_chunks"]) {
    assertStringIncludes(names, `float32le_${layout}.h5`);
    assertStringIncludes(names, `uint8_${layout}.h5`);
  }
});

Deno.test("grayscale has one channel unless three are requested", async () => {
  for (const name of ["gray_3d_float32.h5", "gray_4d_float32.h5"]) {
    const one = await DataFile.open(fixture(name));
    const three = await DataFile.open(fixture(name), { channels: 3 });
    assertEquals([one.info.channels, one.info.fileChannels], [1, 1]);
    assertEquals([three.info.channels, three.info.fileChannels], [3, 1]);
    const plane = one.readImages(Uint32Array.of(2));
    assertEquals(plane.length, 30);
    assertEquals(three.readImages(Uint32Array.of(2)), Float32Array.from([...plane, ...plane, ...plane]));
    one.close();
    three.close();
  }
});

Deno.test("a uint8 grayscale pixel is normalised with the averages of the three channels", async () => {
  const file = await DataFile.open(fixture("gray_4d_uint8.h5"), { channels: 1 });
  const three = await DataFile.open(fixture("gray_4d_uint8.h5"), { channels: 3 });
  const pixel = three.readImages(Uint32Array.of(0))[0]! * 0.229 + 0.485;
  const one = file.readImages(Uint32Array.of(0))[0]!;
  assert(Math.abs(one - (pixel - 0.449) / 0.226) < 1e-6);
  file.close();
  three.close();
});

Deno.test("info joins the attributes of the file, the labels and the images", async () => {
  const file = await DataFile.open(fixture("attributes.h5"), { labels: true });
  const { title, class_names, mean } = file.info.attributes;
  assertEquals([title, class_names, mean], ["five small images", ["left", "right"], [0.485, 0.456, 0.406]]);
  file.close();
});

Deno.test("labels are read on request and may be optional", async () => {
  const without = await DataFile.open(fixture("bad_no_labels.h5"), { labels: "optional" });
  assertEquals(without.info.labelCount, 0);
  without.close();
  const ignored = await DataFile.open(fixture("bad_counts_differ.h5"));
  assertEquals(ignored.info.labelCount, 0);
  ignored.close();
  const present = await DataFile.open(fixture("labels_bool.h5"), { labels: "optional" });
  assertEquals(present.readLabels(Uint32Array.of(4)), Float32Array.of(1, 1));
  present.close();
});

Deno.test("a label may be NaN with the option unlabelled", async () => {
  const file = await DataFile.open(fixture("bad_nan_label.h5"), { labels: true, unlabelled: true });
  assertEquals([...file.readLabels(Uint32Array.of(2, 3))], [0, NaN, 1, 0.75]);
  file.close();
  const images = await DataFile.open(fixture("bad_nan.h5"), { labels: true, unlabelled: true });
  assertThrows(() => images.readImages(Uint32Array.of(3)), DataError, "has NaN as value 54");
  images.close();
});

const badFiles: [name: string, message: string, options?: DataFileOptions][] = [
  ["bad_no_img.h5", 'has no "img" (it holds "labels"), expected a dataset [N, C, H, W]'],
  ["bad_no_labels.h5", 'has no "labels" (it holds "img"), expected a dataset [N, K]'],
  ["bad_counts_differ.h5", "holds 5 images and 4 rows of labels, expected one row for each image"],
  ["bad_zero_images.h5", '"img" has shape [0, 3, 3, 10], expected at least one image'],
  ["bad_two_dimensions.h5", '"img" has shape [3, 10], expected [N, C, H, W] or [N, H, W]'],
  ["bad_five_dimensions.h5", '"img" has shape [1, 5, 3, 3, 10], expected [N, C, H, W] or [N, H, W]'],
  ["bad_two_channels.h5", "images have 2 channels, expected 1 or 3"],
  [
    "bad_int32.h5",
    '"img" holds int32, expected float16, float32, float64, uint8, uint16, or --input_range with the values of black ' +
    "and white, such as -1024..3071",
  ],
  ["bad_text.h5", '"img" holds text, expected numbers [N, C, H, W]'],
  ["bad_compound.h5", '"img" holds compound records, expected numbers [N, C, H, W]'],
  ["bad_group.h5", '"img" is a group, expected a dataset [N, C, H, W]'],
  ["bad_scalar.h5", '"img" has shape [], expected [N, C, H, W] or [N, H, W]', { labels: false }],
  ["bad_null.h5", '"img" has shape [], expected [N, C, H, W] or [N, H, W]', { labels: false }],
  ["bad_link.h5", '"img" is a broken link, expected a dataset [N, C, H, W]'],
  [
    "bad_virtual.h5",
    `"img" is a virtual dataset that leads to elsewhere.h5, which does not exist in ${dirname(fixture("x"))}`,
  ],
  [
    "bad_filter.h5",
    '"img" is compressed with mystery (filter 32055), expected gzip, lzf, bzip2, Blosc, LZ4, Zstandard, bitshuffle or none',
  ],
  ["bad_nan.h5", "image 3 (counted from 0) has NaN as value 54, expected finite numbers"],
  ["bad_infinity.h5", "image 3 (counted from 0) has -Infinity as value 54, expected finite numbers"],
  ["bad_overflow.h5", "image 3 (counted from 0) has Infinity as value 54, expected finite numbers"],
  ["bad_nan_label.h5", "image 2 (counted from 0) has NaN as label 1, expected finite numbers"],
  ["bad_infinite_label.h5", "image 2 (counted from 0) has NaN as label 1, expected finite numbers"],
  [
    "bad_infinite_label.h5",
    "image 4 (counted from 0) has Infinity as label 0, expected finite numbers",
    { unlabelled: true },
  ],
  ["bad_chunk.h5", 'row 4 (counted from 0) of "img" cannot be read, the file is damaged there'],
  ["uint8_gzip.h5", "images have 3 channels, expected 1", { channels: 1 }],
  ["uint8_gzip.h5", "images are 3 by 10, expected 32 by 32", { size: 32 }],
  ["gray_3d_uint8.h5", '"img" holds uint8 with 2 channels, expected 1 or 3 to normalise', { channels: 2 }],
];

/** Opens a file and reads all its images and labels. */
async function readWhole(path: string, options: DataFileOptions): Promise<void> {
  const file = await DataFile.open(path, options);
  try {
    file.readImages(firstIndices(file.info.count));
    file.readLabels(firstIndices(file.info.count));
  } finally {
    file.close();
  }
}

Deno.test("a bad file is refused in one line with what it has and what was expected", async (t) => {
  for (const [name, message, options = {}] of badFiles) {
    await t.step(`${name}: ${message}`, async () => {
      const read = () => readWhole(fixture(name), { channels: 3, labels: true, ...options });
      const error = await assertRejects(read, DataError);
      assertEquals(error.message, `${fixture(name)}: ${message}`);
    });
  }
});

Deno.test("a path that is not an HDF5 file is refused with the reason", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeFile(`${folder}/empty.h5`, new Uint8Array(0));
    await Deno.writeFile(`${folder}/short.h5`, new Uint8Array(3));
    await Deno.writeTextFile(`${folder}/garbage.h5`, "not an HDF5 file at all\n".repeat(100));
    for (
      const [path, message] of [
        [`${folder}/missing.h5`, "no such file, expected an HDF5 file"],
        [`${folder}/empty.h5/inside`, "no such file, expected an HDF5 file"],
        [folder, "is a folder, expected an HDF5 file"],
        [`${folder}/empty.h5`, "is empty, expected an HDF5 file"],
        [`${folder}/short.h5`, "is not an HDF5 file (it lacks the HDF5 signature)"],
        [`${folder}/garbage.h5`, "is not an HDF5 file (it lacks the HDF5 signature)"],
      ] as const
    ) {
      const error = await assertRejects(() => DataFile.open(path), DataError);
      assertEquals(error.message, `${path}: ${message}`);
    }
  });
});

Deno.test("a file that is cut short anywhere is refused in one line", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const name of ["float32le_odd_chunks.h5", "uint8_lzf.h5", "float16be_contiguous.h5"]) {
      const whole = await Deno.readFile(fixture(name));
      const lengths = Array.from({ length: 40 }, (_, step) => Math.floor((step * whole.length) / 40));
      for (const length of [...lengths, whole.length - 1]) {
        const path = `${folder}/${length}_${name}`;
        await Deno.writeFile(path, whole.subarray(0, length));
        const error = await assertRejects(() => readWhole(path, { labels: true }), DataError);
        assertMatch(
          error.message,
          /: (is empty|is not an HDF5 file|this HDF5 file cannot be opened: it is cut short)/,
        );
        assertEquals(error.message.split("\n").length, 1);
      }
    }
  });
});

Deno.test("an HDF5 file may start after 512 other bytes", async () => {
  await inTemporaryFolder(async (folder) => {
    const whole = await Deno.readFile(fixture("float32le_gzip.h5"));
    const shifted = new Uint8Array(512 + whole.length);
    shifted.set(whole, 512);
    await Deno.writeFile(`${folder}/shifted.h5`, shifted);
    await readWhole(`${folder}/shifted.h5`, { labels: true });
  });
});

Deno.test("the library prints nothing on stderr, even for bad files", async () => {
  const written: string[] = [];
  const { writeSync } = fs;
  const report = console.error;
  // The library writes its error stack through node:fs and other messages through console.error.
  fs.writeSync = ((descriptor: number, bytes: Int8Array, offset: number, length: number) => {
    if (descriptor !== 2) return writeSync(descriptor, bytes, offset, length);
    written.push(new TextDecoder().decode(bytes.slice(offset, offset + length)));
    return length;
  }) as typeof writeSync;
  console.error = (...words: unknown[]) => written.push(words.join(" "));
  try {
    for (const [name, , options = {}] of badFiles) {
      await assertRejects(
        () => readWhole(fixture(name), { channels: 3, labels: true, ...options }),
        DataError,
      );
    }
    await inTemporaryFolder(async (folder) => {
      const whole = await Deno.readFile(fixture("uint8_lzf.h5"));
      await Deno.writeFile(`${folder}/cut.h5`, whole.subarray(0, 1000));
      await assertRejects(() => DataFile.open(`${folder}/cut.h5`), DataError);
    });
  } finally {
    fs.writeSync = writeSync;
    console.error = report;
  }
  assertEquals(written, []);
});

Deno.test("requireDivisible names the size and the stride", async () => {
  const file = await DataFile.open(fixture("uint8_gzip.h5"));
  requireDivisible(file.info, 1);
  const error = assertThrows(() => requireDivisible({ ...file.info, height: 20, width: 16 }, 8), DataError);
  assertEquals(
    error.message,
    `${file.info.path}: images are 20 by 16, expected height and width divisible by 8, the codec's total stride`,
  );
  requireDivisible({ ...file.info, height: 24, width: 16 }, 8);
  file.close();
});
