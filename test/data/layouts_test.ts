import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { fileURLToPath } from "node:url";
import { DataFile, type DataFileOptions } from "../../src/data/hdf5_file.ts";
import { parseInputRange } from "../../src/data/input_range.ts";
import { BatchLoader } from "../../src/data/loader.ts";
import { DataError, UsageError } from "../../src/errors.ts";
import { firstIndices, inTemporaryFolder } from "./fixtures.ts";

const folder = fileURLToPath(new URL("../data_files/hdf5_formats/layouts/", import.meta.url));

/** All images of a file as pixels from 0 to 1; its labels, and its notes without the folder. */
async function read(name: string, options: DataFileOptions = {}) {
  const file = await DataFile.open(folder + name, { labels: "optional", unlabelled: true, ...options });
  try {
    const { info } = file;
    const indices = firstIndices(info.count);
    const plane = info.height * info.width;
    const images = file.readImages(indices);
    const pixels = Array.from(images, (value, index) => {
      const channel = Math.floor(index / plane) % info.channels;
      const [mean, deviation] = info.channels === 1
        ? [0.449, 0.226]
        : [[0.485, 0.456, 0.406][channel]!, [0.229, 0.224, 0.225][channel]!];
      return value * deviation + mean;
    });
    const notes = info.notes.map((note) => note.replaceAll(folder, ""));
    return { info, images, pixels, labels: Array.from(file.readLabels(indices)), notes };
  } finally {
    file.close();
  }
}

/** The pixels first / largest, (first + 1) / largest … */
function ramp(largest: number, count = 72, first = 0): number[] {
  return Array.from({ length: count }, (_, index) => (first + index) / largest);
}

function assertPixels(actual: readonly number[], wanted: readonly number[]): void {
  assertEquals(actual.length, wanted.length);
  actual.forEach((pixel, index) =>
    assert(Math.abs(pixel - wanted[index]!) < 1e-6, `pixel ${index}: ${pixel}`)
  );
}

async function refusal(name: string, options: DataFileOptions = {}): Promise<string> {
  const error = await assertRejects(() => read(name, options), DataError);
  assert(!error.message.includes("\n"));
  return error.message.replaceAll(folder, "");
}

Deno.test("labels [N] are one label for each image, and may be NaN", async () => {
  const { info, labels } = await read("labels_1d.h5");
  assertEquals([info.labelCount, labels], [1, [0, 1, NaN]]);
  assertMatch(
    await refusal("labels_1d.h5", { unlabelled: false }),
    /image 2 \(counted from 0\) has NaN as label 0/,
  );
  const withoutLabels = await read("labels_1d.h5", { labels: false, unlabelled: false });
  assertEquals(withoutLabels.info.labelCount, 0);
});

Deno.test("integers that number classes become a label for each class, which is said", async () => {
  const { labels, notes } = await read("labels_classes.h5");
  assertEquals(labels, [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  assertEquals(notes, [
    'labels_classes.h5: "labels" holds the numbers of 4 classes, 0 to 3; each class becomes a label, 1 or 0',
  ]);
  const named = await read("labels_classes_column.h5");
  assertEquals([named.info.labelCount, named.labels.slice(0, 5)], [5, [0, 0, 1, 0, 0]]);
  assertEquals(
    await refusal("labels_not_classes.h5"),
    'labels_not_classes.h5: "labels" holds integers from -1 to 5, expected 0 and 1, or classes numbered from 0 to at most 999',
  );
});

Deno.test("channels in the last axis are recognised, which is said", async () => {
  const { info, images, notes } = await read("channels_last.h5");
  assertEquals([info.count, info.channels, info.height, info.width], [2, 3, 4, 6]);
  assertEquals(notes[0], 'channels_last.h5: "img" has shape [2, 4, 6, 3], which is read as [N, H, W, C]');
  const [mean, deviation] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];
  images.forEach((value, index) => {
    const [image, channel, pixel] = [Math.floor(index / 72), Math.floor(index / 24) % 3, index % 24];
    const stored = image * 72 + pixel * 3 + channel;
    assert(Math.abs(value - (stored / 255 - mean[channel]!) / deviation[channel]!) < 1e-5);
  });
  const gray = await read("channels_last_gray.h5", { channels: 3 });
  assertEquals([gray.info.fileChannels, gray.info.channels], [1, 3]);
  assertPixels(gray.pixels.slice(24, 48), ramp(255, 24));
});

Deno.test("integers of other types need the values of black and white, or an attribute that states them", async () => {
  assertEquals(
    await refusal("int16.h5"),
    'int16.h5: "img" holds int16, expected float16, float32, float64, uint8, uint16, or --input_range with the values ' +
      "of black and white, such as -1024..3071",
  );
  const { pixels, notes, info } = await read("int16.h5", { input_range: "-1024..1856" });
  assertEquals([notes, info.dtype], [[], "int16"]);
  assertPixels(pixels, ramp(72));
  assertPixels((await read("int32_attribute.h5")).pixels, ramp(72));
  const inverted = await read("int16.h5", { input_range: "1856..-1024" });
  assertPixels(inverted.pixels.slice(0, 2), [1, 71 / 72]);
});

Deno.test("datasets may have other names, in groups, too", async () => {
  const { pixels, labels } = await read("other_names.h5", { images_key: "train/x", labels_key: "/train/y" });
  assertPixels(pixels, ramp(255));
  assertEquals(labels, [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  assertMatch(await refusal("other_names.h5"), /has no "img" \(it holds "train"\)/);
});

Deno.test("floats from 0 to 1 or 0 to 255 are found by a sample and normalised, which is said", async () => {
  const unit = await read("float_0_1.h5");
  assertPixels(unit.pixels, ramp(71));
  assert(unit.info.isNormalisedByReader);
  assertEquals(unit.notes, [
    'float_0_1.h5: the values of "img" are from 0 to 1 in all 3 images, so they are taken as pixels from 0 to 1 and ' +
    "normalised; --input_range normalized reads them as they are",
  ]);
  const bytes = await read("float_0_255.h5", { channels: 3 });
  assertPixels(bytes.pixels.slice(0, 24), ramp(85, 24));
  assertMatch(bytes.notes[0]!, /from 0 to 213 in all 3 images, so they are taken as pixels from 0 to 255/);
  const asTheyAre = await read("float_0_1.h5", { input_range: "normalized" });
  assertEquals([asTheyAre.images.slice(70), asTheyAre.notes], [Float32Array.of(70 / 71, 1), []]);
  const stated = await read("float_minus_1_1.h5", { input_range: "-1..1" });
  assertPixels(stated.pixels, ramp(71));
  assertEquals(stated.notes, []);
});

Deno.test("normalised floats are read as they are; an unusual range is said or refused", async () => {
  const normalised = await read("float_normalised.h5");
  assertPixels(normalised.pixels, ramp(71));
  assertEquals(normalised.notes, []);
  const centred = await read("float_minus_1_1.h5");
  assertEquals(centred.images[0], -1);
  assertMatch(centred.notes[0]!, /are from -1 to 1 .*read as they are\. .* use --input_range -1\.\.1$/);
  assertMatch(await refusal("float_large.h5"), /from 0 to 3550 in all 3 images, expected .*--input_range/);
  const error = await refusal("float_0_1_except_one.h5");
  assertMatch(error, /image 1 \(counted from 0\) has -2 as value 15, although a sample of images has 0 to 1/);
});

Deno.test("the file's own mean and deviation decide", async () => {
  const { pixels, notes } = await read("other_mean.h5");
  assertPixels(pixels, ramp(255));
  assertMatch(notes[0]!, /were normalised with mean 0\.5 and deviation 0\.25; they are normalised again/);
});

Deno.test("few bits in a larger type are said", async () => {
  const { pixels, notes } = await read("uint16_12_bits.h5");
  assertPixels(pixels.slice(71), [71 * 57 / 65535]);
  assertEquals(notes, [
    "uint16_12_bits.h5: the largest value in all 3 images is 4047 of 65535, as in pixels of 12 bits, and 65535 is " +
    "white; if 4095 is white, use --input_range 0..4095",
  ]);
  const stated = await read("uint16_12_bits.h5", { input_range: "0..4095" });
  assertPixels(stated.pixels.slice(71), [4047 / 4095]);
  assertEquals(stated.notes, []);
  assertMatch((await read("uint8_1_bit.h5")).notes[0]!, /is 1 of 255, as in pixels of 1 bit, .*0\.\.1$/);
  assertPixels((await read("uint8_1_bit.h5", { input_range: "0..1" })).pixels.slice(0, 3), [0, 1, 0]);
});

Deno.test("parseInputRange reads ranges and refuses other texts", () => {
  assertEquals(parseInputRange("-1 .. 2.5"), { black: -1, white: 2.5 });
  for (const text of ["", "1", "1..1", "0..x", "0..1..2", "..1", "0..Infinity"]) {
    const error = assertThrows(() => parseInputRange(text), UsageError);
    assertMatch(
      error.message,
      /^--input_range .*: expected auto, normalized, or the values of black and white/,
    );
  }
});

Deno.test("links and virtual datasets are followed inside the file's folder only", async () => {
  const { pixels, labels } = await read("link.h5");
  assertPixels(pixels, ramp(255));
  assertEquals(labels.length, 9);
  assertPixels((await read("virtual.h5")).pixels, [...ramp(255), ...ramp(255, 72, 100)]);
  const cases: Record<string, RegExp> = {
    "link_outside.h5":
      /^link_outside\.h5: "img" is a link to \.\.\/int12_be\.h5, outside the file's own folder/,
    "link_missing.h5": /^link_missing\.h5: "img" is a link to nowhere\.h5, which does not exist in /,
    "link_loop.h5": /^link_loop\.h5: "img" is a link that leads to more than 32 other links$/,
    "virtual_outside.h5":
      /"img" is a virtual dataset that leads to \.\.\/int12_be\.h5, outside the file's own folder/,
    "virtual_missing.h5": /"img" is a virtual dataset that leads to nowhere\.h5, which does not exist/,
    "virtual_of_link.h5": /"img" is a virtual dataset that leads to "img" in .*, which has no such dataset$/,
    "external_storage.h5": /"img" keeps its numbers in other files that are not HDF5 files/,
    "virtual_of_external_storage.h5": /"img" keeps its numbers in other files that are not HDF5 files/,
  };
  for (const [name, message] of Object.entries(cases)) assertMatch(await refusal(name), message);
});

Deno.test("a symbolic link or an absolute path that leads outside the folder is refused", async () => {
  await inTemporaryFolder(async (temporary) => {
    await Deno.mkdir(`${temporary}/inside`);
    await Deno.copyFile(`${folder}other_names.h5`, `${temporary}/other_names.h5`);
    await Deno.copyFile(`${folder}link.h5`, `${temporary}/inside/link.h5`);
    await Deno.symlink(`${temporary}/other_names.h5`, `${temporary}/inside/other_names.h5`);
    const error = await assertRejects(() => DataFile.open(`${temporary}/inside/link.h5`), DataError);
    assertMatch(error.message, /"img" is a link to other_names\.h5, outside the file's own folder/);
    await Deno.remove(`${temporary}/inside/other_names.h5`);
    await Deno.rename(`${temporary}/other_names.h5`, `${temporary}/inside/other_names.h5`);
    (await DataFile.open(`${temporary}/inside/link.h5`)).close();
  });
});

Deno.test("chunks that other programs compressed are read", async () => {
  const wanted = Float32Array.from({ length: 576 }, (_, index) => Math.floor(index / 8));
  for (const filter of ["bzip2", "zstd", "lz4", "blosc_stored", "bitshuffle"]) {
    const { images } = await read(`filter_${filter}.h5`, { input_range: "normalized" });
    assertEquals(images, wanted, filter);
  }
});

Deno.test("a loader passes the layout on to its workers", async () => {
  const options = { batchSize: 3, dropLast: true, shuffle: false, seed: 0 };
  using loader = await BatchLoader.open(`${folder}other_names.h5`, {
    ...options,
    images_key: "train/x",
    labels_key: "train/y",
    labels: true,
    input_range: "0..71",
  });
  assertEquals([loader.info.labelCount, loader.info.notes], [3, []]);
  for await (const { images } of loader.epoch(1)) {
    assert(Math.abs(images[71]! * 0.226 + 0.449 - 1) < 1e-6);
  }
});
