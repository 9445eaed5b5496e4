/** Fréchet Inception Distances in evaluations of codecs. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { ImageFileWriter } from "../../../src/data/write.ts";
import { UsageError } from "../../../src/errors.ts";
import { Gpu } from "../../../src/gpu/device.ts";
import { writeSafetensors } from "../../../src/io/safetensors_file.ts";
import { FeatureStatistics, frechetDistance } from "../../../src/metrics/frechet.ts";
import { pixelPair } from "../../../src/metrics/pictures.ts";
import { codecJson, describeCodecEvaluation } from "../../../src/apply/codec/evaluation_files.ts";
import { evaluateCodec } from "../../../src/apply/codec/evaluate.ts";
import { FeatureExtractor } from "../../../src/trained/inception.ts";
import { readInception } from "../../../src/trained/inception_file.ts";
import { inTemporaryFolder } from "../../data/fixtures.ts";
import { inceptionWeights } from "../../models/inception/weights.ts";
import { code, count, images, length, options, side, writeColorFile } from "../../trained/codec_fixture.ts";
import { context } from "../../train/run_context.ts";

Deno.test("the distance compares the features of all originals with those of all reconstructions", async () => {
  await inTemporaryFolder(async (folder) => {
    const fid_weights = join(folder, "inception.safetensors");
    await writeSafetensors(fid_weights, inceptionWeights());
    const path = await writeColorFile(folder);
    const wanted = options(path, { fid_weights });
    const outcome = await evaluateCodec(wanted, context());

    const { reconstruction } = await code(images, side);
    const gpu = await Gpu.open();
    const extractor = new FeatureExtractor(gpu, await readInception(fid_weights));
    const [originals, reconstructions] = [new FeatureStatistics(2048), new FeatureStatistics(2048)];
    for (let index = 0; index < count; index++) {
      const [one, other] = [images, reconstruction].map((all) =>
        all.subarray(index * length, (index + 1) * length)
      );
      const pair = pixelPair(one!, other!, [3, side, side]);
      originals.add((await extractor.features([pair.original]))[0]!);
      reconstructions.add((await extractor.features([pair.reconstruction]))[0]!);
    }
    extractor.close();
    gpu.close();
    const { fid } = outcome.evaluations[0]!;
    assertEquals(fid, frechetDistance(originals, reconstructions));
    assert(fid! > 1, `${fid}`);
    const text = JSON.stringify(codecJson(outcome, wanted, {}));
    assert(text.includes(`"frechet_inception_distance":${fid}`));
    assert(describeCodecEvaluation(outcome).includes("Fréchet Inception Distances grow"));

    const single = join(folder, "single.hdf5");
    const writer = await ImageFileWriter.create(single, { shape: [3, side, side], labelCount: 0 });
    writer.append(images.slice(0, length));
    await writer.finish();
    await assertRejects(
      () => evaluateCodec(options(single, { fid_weights }), context()),
      UsageError,
      `--fid_weights ${fid_weights}: needs at least two images, but ${single} holds 1`,
    );
  });
});
