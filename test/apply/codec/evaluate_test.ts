/** Evaluations of codecs on data files. */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { ImageFileWriter } from "../../../src/data/write.ts";
import { integerNormalisation, writeIntegers } from "../../../src/data/pixels.ts";
import { DataError, UsageError } from "../../../src/errors.ts";
import { readWeights } from "../../../src/io/weights_file.ts";
import { manipulate } from "../../../src/metrics/manipulations.ts";
import { meanAbsoluteError, meanSquaredError, psnr, toPixels } from "../../../src/metrics/psnr.ts";
import { structuralSimilarity } from "../../../src/metrics/ssim.ts";
import { joinKeys, keyOf } from "../../../src/random.ts";
import { saveWeights } from "../../../src/trained/model_file.ts";
import { readCodec } from "../../../src/trained/codec_file.ts";
import {
  codecJson,
  describeCodecEvaluation,
  imagesCsv,
  saveCodecEvaluation,
} from "../../../src/apply/codec/evaluation_files.ts";
import { evaluateCodec } from "../../../src/apply/codec/evaluate.ts";
import { modelKind } from "../../../src/trained/model_kind_file.ts";
import { inTemporaryFolder } from "../../data/fixtures.ts";
import { goldenPath } from "../../golden/read.ts";
import {
  code,
  codecFile,
  count,
  grayFile,
  images,
  length,
  options,
  side,
  writeColorFile,
} from "../../trained/codec_fixture.ts";
import { context } from "../../train/run_context.ts";

const plane = side * side;
const all = ["noise", "block", "swirl"].map((name) => ({ name: name as "noise", strength: 1 }));

Deno.test("the measures are those of every image's pixels, and every code is counted", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = await writeColorFile(folder);
    const { evaluations: [evaluation] } = await evaluateCodec(options(path), context());
    const { reconstruction, topCodes, bottomCodes } = await code(images, side);
    const [first, second] = [images, reconstruction].map((values) => toPixels(values, 3, plane));
    assertEquals(evaluation!.images.length, count);
    for (const [index, quality] of evaluation!.images.entries()) {
      const [one, other] = [first, second].map((pixels) =>
        pixels!.subarray(index * length, (index + 1) * length)
      );
      assertEquals(quality.squaredError, meanSquaredError(one!, other!));
      assertEquals(quality.psnr, psnr(quality.squaredError));
      assertEquals(quality.absoluteError, meanAbsoluteError(one!, other!));
      const ssims = [0, plane, 2 * plane].map((start) =>
        structuralSimilarity(one!.subarray(start, start + plane), other!.subarray(start, start + plane), {
          height: side,
          width: side,
        }).similarity
      );
      assert(Math.abs(quality.ssim! - (ssims[0]! + ssims[1]! + ssims[2]!) / 3) < 1e-12);
    }
    const { books } = evaluation!;
    for (const [codes, book] of [[topCodes, books.top], [bottomCodes, books.bottom]] as const) {
      const counts = new Float64Array(64);
      for (const index of codes) counts[index]!++;
      assertEquals(book.counts, counts);
      assertEquals(book.total, codes.length);
    }
    // 3 · 24² values over 3² + 6² indices of 6 bits; float32 in three channels.
    const { valuesPerIndex, plainBitsPerPixel, sourceBitsPerPixel, pictureBitsPerPixel } =
      evaluation!.compression;
    assertEquals(valuesPerIndex, 3 * plane / 45);
    assertEquals(plainBitsPerPixel, 45 * 6 / plane);
    assertEquals([sourceBitsPerPixel, pictureBitsPerPixel], [96, 24]);
  });
});

Deno.test("results do not depend on the batch size, and equal seeds give equal noise", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = await writeColorFile(folder);
    const run = async (changes: Parameters<typeof options>[1]) => {
      const { evaluations: [one] } = await evaluateCodec(options(path, changes), context());
      return one!;
    };
    const one = await run({ manipulations: all, batch_size: 3 });
    assertEquals(await run({ manipulations: all, batch_size: 7 }), one);
    const other = await run({ manipulations: all, batch_size: 3, seed: 1 });
    assertNotEquals(other.manipulated[0], one.manipulated[0]);
    assertEquals(other.manipulated.slice(1), one.manipulated.slice(1));
    assertEquals(other.images, one.images);
  });
});

Deno.test("reconstructions of changed images are compared with the changed and with the unchanged images", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = await writeColorFile(folder);
    const { evaluations: [evaluation] } = await evaluateCodec(
      options(path, { manipulations: all }),
      context(),
    );
    const pixels = toPixels(images, 3, plane);
    for (const { manipulation, inputError, images: measured } of evaluation!.manipulated) {
      let sum = 0;
      for (let index = 0; index < count; index++) {
        const data = pixels.subarray(index * length, (index + 1) * length);
        const key = joinKeys(joinKeys(816, keyOf(manipulation.name)), index);
        const changed = manipulate({ channels: 3, height: side, width: side, data }, manipulation, key);
        sum += meanSquaredError(changed.data, data) / count;
      }
      assert(Math.abs(inputError / sum - 1) < 1e-12, manipulation.name);
      assertEquals(measured.length, count);
    }
    const { index } = evaluation!.examples.median;
    for (const [place, example] of evaluation!.manipulatedExamples.entries()) {
      const error = meanSquaredError(example.original.data, example.reconstruction.data);
      assertEquals(error, evaluation!.manipulated[place]!.images[index]!.squaredError);
    }
  });
});

Deno.test("the examples are the images with the highest, the median and the lowest PSNR", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = await writeColorFile(folder);
    const { evaluations: [evaluation] } = await evaluateCodec(options(path), context());
    const values = evaluation!.images.map((quality) => quality.psnr);
    const sorted = [...values].sort((a, b) => a - b);
    const { best, median, worst } = evaluation!.examples;
    assertEquals([worst, median, best].map(({ index }) => values[index]), [sorted[0], sorted[3], sorted[6]]);
    for (const { index, original, reconstruction } of [best, median, worst]) {
      assertEquals(original.data, toPixels(images.slice(index * length, (index + 1) * length), 3, plane));
      assertEquals(
        meanSquaredError(original.data, reconstruction.data),
        evaluation!.images[index]!.squaredError,
      );
    }
  });
});

Deno.test("grey images count as one channel, whether the file or the reader repeats them", async () => {
  await inTemporaryFolder(async (folder) => {
    const levels = Uint8Array.from(toPixels(images.subarray(0, plane), 1, plane));
    /** Writes the levels as floats, normalised for this number of channels. */
    const write = async (name: string, channels: 1 | 3) => {
      const path = join(folder, name);
      const image = new Float32Array(channels * plane);
      writeIntegers(levels, image, plane, integerNormalisation("uint8", channels)!);
      const writer = await ImageFileWriter.create(path, { shape: [channels, side, side], labelCount: 0 });
      writer.append(image);
      await writer.finish();
      return path;
    };
    for (const channels of [1, 3] as const) {
      const path = await write(`${channels}.hdf5`, channels);
      const { evaluations: [one] } = await evaluateCodec(
        options(path, { manipulations: all }),
        context(),
      );
      const { original, reconstruction } = one!.examples.best;
      assertEquals([original.channels, reconstruction.channels], [1, 1]);
      assertEquals(original.data, new Uint8ClampedArray(levels));
      const { sourceBitsPerPixel, pictureBitsPerPixel } = one!.compression;
      assertEquals([sourceBitsPerPixel, pictureBitsPerPixel], [32 * channels, 8]);
      // The image that the codec reads has a black block and is otherwise unchanged.
      const [, block] = one!.manipulatedExamples;
      const changed = manipulate(original, all[1]!, 0);
      assertEquals(block!.original.data, changed.data);
    }
  });
});

Deno.test("an evaluation writes JSON, a CSV row for each image, a report that loads nothing, and a sheet", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = await writeColorFile(folder, "toy,one.hdf5");
    const wanted = options(path, {
      data_paths: [path, grayFile],
      batch_size: 100,
      manipulations: [{ name: "block", strength: 1 }, { name: "noise", strength: 0.5 }],
    });
    const outcome = await evaluateCodec(wanted, context());
    const json = codecJson(outcome, wanted, { vqray: "test" });
    await saveCodecEvaluation(join(folder, "new", "quality"), outcome, json);
    const read = (name: string) => Deno.readTextFile(join(folder, "new", "quality", name));

    const saved = JSON.parse(await read("evaluation.json"));
    assertEquals(saved.data_sets.map(({ images }: { images: number }) => images), [count, 500]);
    assertEquals(saved.data_sets[1].name, "fashion_valid_32_orig.hdf5");
    assertEquals(saved.data_sets[1].compression.bits_per_pixel.file, 8);
    assertEquals(saved.data_sets[0].manipulations[1].strength, 0.5);

    const [header, first, ...others] = (await read("images.csv")).trimEnd().split("\n");
    assertEquals(others.length, count + 500 - 1);
    assertEquals(header!.split(",").length, 2 + 3 * 5);
    assert(header!.includes(",psnr_block,") && header!.includes(",psnr_noise:0.5,"));
    const [quality] = outcome.evaluations[0]!.images;
    assert(first!.startsWith(`"toy,one.hdf5",0,${quality!.psnr},${quality!.ssim},`));

    const html = await read("report.html");
    assert(!/https?:|<script|<link/.test(html));
    assertEquals(html.match(/<img src="data:image\/png;base64,/g)!.length, 1 + 2 * (1 + 9));
    const shown = describeCodecEvaluation(outcome);
    for (const text of ["PSNR in dB", "perplexity", "order-0 bound", "noise × 0.5", "2 scales"]) {
      assert(shown.includes(text), text);
    }
    assert((await Deno.stat(join(folder, "new", "quality", "manipulated.png"))).size > 1000);
  });
});

Deno.test("the PSNR of a perfect reconstruction is null in JSON and infinite in tables", async () => {
  await inTemporaryFolder(async (folder) => {
    const outcome = await evaluateCodec(options(await writeColorFile(folder)), context());
    const [evaluation] = outcome.evaluations;
    evaluation!.images = evaluation!.images.map((quality) => ({
      ...quality,
      psnr: Infinity,
      squaredError: 0,
    }));
    const json = JSON.stringify(codecJson(outcome, options(""), {}));
    assert(json.includes(`"identical_images":${count},"psnr":null,"psnr_of_mean_squared_error":null`));
    assert(describeCodecEvaluation(outcome).includes("infinite"));
    assert(imagesCsv(outcome.evaluations).includes(",0,inf,"));
  });
});

Deno.test("options and files that do not fit are refused in one line that names them", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = await writeColorFile(folder);
    const refuse = async (
      changes: Parameters<typeof options>[1],
      kind: typeof UsageError | typeof DataError,
      text: string,
    ) => {
      const error = await assertRejects(
        () => evaluateCodec(options(path, changes), context()),
        kind,
        text,
      );
      assert(!error.message.includes("\n"));
    };
    await refuse({ data_paths: [path, path] }, UsageError, `--data_path ${path}: selects ${path}, as does`);
    await refuse({ data_paths: [folder], size: 99 }, DataError, "toy_valid_99_all_normalized.hdf5");
    await refuse({ size: 32 }, DataError, "images are 24 by 24, expected 32 by 32");
    await refuse({ model: goldenPath("strides_8_4.pt").pathname }, DataError, "divisible by 32");
    await refuse({ model: path }, DataError, path);
    const { evaluations } = await evaluateCodec(options(folder, { size: 24 }), context());
    assertEquals(evaluations[0]!.info.path, path);
  });
});

Deno.test("reconstructions that are NaN are refused and not measured as black", async () => {
  await inTemporaryFolder(async (folder) => {
    const { configuration } = await readCodec(codecFile);
    const { tensors } = await readWeights(codecFile);
    const broken = join(folder, "broken.safetensors");
    const bias = [...tensors.keys()].filter((key) => /^dec\.blocks\.\d+\.bias$/.test(key)).at(-1)!;
    const { shape } = tensors.get(bias)!;
    tensors.set(bias, { shape, data: new Float32Array(shape[0]!).fill(NaN) });
    const position = { steps: 0, epochs: 0, batches: 0 };
    await saveWeights(broken, { kind: "vqvae", configuration }, tensors as never, position);
    const path = await writeColorFile(folder);
    await assertRejects(
      () => evaluateCodec(options(path, { model: broken }), context()),
      DataError,
      `${broken}: its reconstruction of image 0 of ${path} has NaN as value 0, expected finite numbers`,
    );
    assertEquals(await modelKind(broken), "codec");
  });
});

Deno.test("a file's kind follows from its metadata or from its tensors", async () => {
  assertEquals(await modelKind(codecFile), "codec");
  assertEquals(await modelKind(goldenPath("densenet_zip.pt").pathname), "classifier");
});
