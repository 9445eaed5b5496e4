import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Batch, BatchLoader, type BatchLoaderOptions } from "../../src/data/loader.ts";
import { ImageFileWriter } from "../../src/data/write.ts";
import { DataError } from "../../src/errors.ts";
import { joinKeys, permutation } from "../../src/random.ts";
import { fixture, inTemporaryFolder, writeNumbered } from "./fixtures.ts";

const options: BatchLoaderOptions = {
  channels: 3,
  labels: true,
  batchSize: 4,
  dropLast: false,
  shuffle: true,
  seed: 816,
};

/** Opens a loader for a file of numbered images. */
async function withLoader(
  changes: Partial<BatchLoaderOptions>,
  run: (loader: BatchLoader) => Promise<void>,
  count = 23,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    await writeNumbered(`${folder}/numbered.hdf5`, count);
    using loader = await BatchLoader.open(`${folder}/numbered.hdf5`, { ...options, ...changes });
    await run(loader);
  });
}

/** The indices of each batch. Checks that images and labels belong to the indices. */
async function batchesOf(epoch: AsyncIterable<Batch>): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const { images, labels, indices, count } of epoch) {
    assertEquals([indices.length, images.length, labels?.length], [count, 24 * count, 2 * count]);
    for (const [position, index] of indices.entries()) {
      assertEquals(images.slice(24 * position, 24 * (position + 1)), new Float32Array(24).fill(index));
      assertEquals(labels!.slice(2 * position, 2 * (position + 1)), Float32Array.of(index, -index));
    }
    batches.push(Array.from(indices));
  }
  return batches;
}

function cut(order: Iterable<number>, batchSize: number): number[][] {
  const all = [...order];
  return Array.from(
    { length: Math.ceil(all.length / batchSize) },
    (_, batch) => all.slice(batch * batchSize, (batch + 1) * batchSize),
  );
}

Deno.test("each epoch has its own order, drawn from the seed", async () => {
  await withLoader({}, async (loader) => {
    assertEquals(loader.batchesPerEpoch, 6);
    const first = await batchesOf(loader.epoch(1));
    assertEquals(first, cut(permutation(joinKeys(816, 1), 23), 4));
    const second = await batchesOf(loader.epoch(2));
    assert(String(first) !== String(second));
    assertEquals(second.flat().sort((a, b) => a - b), Array.from({ length: 23 }, (_, index) => index));
    assertEquals(await batchesOf(loader.epoch(1)), first);
  });
});

Deno.test("without shuffling, images come in the order of the file", async () => {
  await withLoader({ shuffle: false }, async (loader) => {
    assertEquals(await batchesOf(loader.epoch(3)), cut(Array(23).keys(), 4));
  });
});

Deno.test("dropLast decides on the last, smaller batch", async () => {
  await withLoader({ dropLast: true, shuffle: false }, async (loader) => {
    assertEquals(loader.batchesPerEpoch, 5);
    assertEquals((await batchesOf(loader.epoch(1))).map((batch) => batch.length), [4, 4, 4, 4, 4]);
  });
  await withLoader({ dropLast: false, shuffle: false }, async (loader) => {
    assertEquals((await batchesOf(loader.epoch(1))).map((batch) => batch.length), [4, 4, 4, 4, 4, 3]);
  });
  await withLoader({ dropLast: true, batchSize: 23 }, async (loader) => {
    assertEquals((await batchesOf(loader.epoch(1))).length, 1);
  });
});

Deno.test("an epoch can start at any batch", async () => {
  await withLoader({ dropLast: true }, async (loader) => {
    const whole = await batchesOf(loader.epoch(7));
    for (const start of [0, 1, 3, 5]) {
      assertEquals(await batchesOf(loader.epoch(7, start)), whole.slice(start));
    }
  });
});

Deno.test("a consumer may leave an epoch early, several times", async () => {
  await withLoader({}, async (loader) => {
    for (let round = 0; round < 5; round++) {
      for await (const { count } of loader.epoch(round)) {
        assertEquals(count, 4);
        break;
      }
    }
    assertEquals(await batchesOf(loader.epoch(1)), cut(permutation(joinKeys(816, 1), 23), 4));
  });
});

Deno.test("concurrent epochs and loaders do not affect each other", async () => {
  await withLoader({}, async (first) => {
    await withLoader({ shuffle: false, batchSize: 3 }, async (second) => {
      const [a, b, c] = await Promise.all([
        batchesOf(first.epoch(1)),
        batchesOf(first.epoch(2)),
        batchesOf(second.epoch(1)),
      ]);
      assertEquals(a, cut(permutation(joinKeys(816, 1), 23), 4));
      assertEquals(b, cut(permutation(joinKeys(816, 2), 23), 4));
      assertEquals(c, cut(Array(23).keys(), 3));
    });
  });
});

Deno.test("batches are read ahead while the consumer is busy", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/numbered.hdf5`;
    await writeNumbered(path, 40);
    using loader = await BatchLoader.open(path, { ...options, readAhead: 2 });
    const epoch = loader.epoch(1);
    await epoch.next();
    await new Promise((resolve) => setTimeout(resolve, 500));
    // The worker can no longer read what it has not read by now.
    await Deno.truncate(path, 100);
    assertEquals((await epoch.next()).value?.count, 4);
    assertEquals((await epoch.next()).value?.count, 4);
    await assertRejects(() => epoch.next(), DataError, "cannot be read");
  });
});

Deno.test("labels are absent when they are not requested", async () => {
  await withLoader({ labels: false }, async (loader) => {
    for await (const batch of loader.epoch(1)) assertEquals("labels" in batch, false);
    assertEquals(loader.info.labelCount, 0);
  });
});

Deno.test("open refuses a bad file with the worker's message", async () => {
  for (
    const [name, message, changes] of [
      ["missing.h5", "no such file, expected an HDF5 file", {}],
      ["bad_no_labels.h5", 'has no "labels" (it holds "img"), expected a dataset [N, K]', {}],
      ["uint8_gzip.h5", "images are 3 by 10, expected 64 by 64", { size: 64 }],
      [
        "uint8_gzip.h5",
        "holds 5 images, expected at least one batch of 6 (smaller batches are dropped)",
        { batchSize: 6, dropLast: true },
      ],
    ] as const
  ) {
    const error = await assertRejects(
      () => BatchLoader.open(fixture(name), { ...options, ...changes }),
      DataError,
    );
    assertEquals(error.message, `${fixture(name)}: ${message}`);
  }
});

Deno.test("a bad image fails only its own batch", async () => {
  const path = fixture("bad_nan.h5");
  using loader = await BatchLoader.open(path, { ...options, shuffle: false, batchSize: 1 });
  const epoch = loader.epoch(1);
  for (const index of [0, 1, 2]) assertEquals((await epoch.next()).value?.indices, Uint32Array.of(index));
  const error = await assertRejects(() => epoch.next(), DataError);
  assertEquals(
    error.message,
    `${path}: image 3 (counted from 0) has NaN as value 54, expected finite numbers`,
  );
  for await (const { indices } of loader.epoch(2, 4)) assertEquals(indices, Uint32Array.of(4));
});

Deno.test("NaN labels are read with the option unlabelled, and otherwise fail their batch", async () => {
  const path = fixture("bad_nan_label.h5");
  const open = (unlabelled: boolean) =>
    BatchLoader.open(path, { ...options, unlabelled, shuffle: false, batchSize: 5 });
  using lenient = await open(true);
  const { value } = await lenient.epoch(1).next();
  assertEquals([...value!.labels!.slice(2, 6)], [1, 0.25, 0, NaN]);
  using strict = await open(false);
  await assertRejects(() => strict.epoch(1).next(), DataError, "image 2 (counted from 0) has NaN as label 1");
});

Deno.test("close fails pending and later batches", async () => {
  await withLoader({}, async (loader) => {
    const epoch = loader.epoch(1);
    await epoch.next();
    loader.close();
    await assertRejects(
      async () => {
        for await (const _ of epoch);
      },
      DataError,
      "its loader was closed",
    );
    await assertRejects(() => loader.epoch(2).next(), DataError, "its loader was closed");
  });
});

Deno.test("batches are read into the memory of recycled batches", async () => {
  await withLoader({ batchSize: 4, readAhead: 1 }, async (loader) => {
    const memories = new Set<ArrayBuffer>();
    const seen: number[][] = [];
    for await (const batch of loader.epoch(1)) {
      assertEquals(await batchesOf(only(batch)), [Array.from(batch.indices)]);
      seen.push(Array.from(batch.indices));
      loader.recycle(batch);
      loader.recycle(batch);
      memories.add(batch.images.buffer);
    }
    assertEquals(seen, cut(permutation(joinKeys(816, 1), 23), 4));
    // The memory of batches that were recycled in time has moved to the reader.
    assertEquals([...memories].filter(({ byteLength }) => byteLength === 0).length >= 3, true);
  });
});

async function* only(batch: Batch): AsyncGenerator<Batch> {
  yield await Promise.resolve(batch);
}

Deno.test("batches of several readers come in order", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/large.hdf5`;
    const shape = [1, 512, 512] as const;
    const writer = await ImageFileWriter.create(path, { shape, labelCount: 0, gzip: 1 });
    for (let index = 0; index < 100; index++) writer.append(new Float32Array(512 * 512).fill(index));
    await writer.finish();
    using loader = await BatchLoader.open(path, {
      batchSize: 5,
      dropLast: true,
      shuffle: true,
      seed: 1,
      readers: 3,
    });
    for (const epoch of [1, 2]) {
      const order: number[] = [];
      for await (const { images, indices } of loader.epoch(epoch)) {
        indices.forEach((index, position) => {
          const image = images.subarray(position * 512 * 512, (position + 1) * 512 * 512);
          assertEquals(image.every((value) => value === index), true);
        });
        order.push(...indices);
      }
      assertEquals(order, [...permutation(joinKeys(1, epoch), 100)]);
    }
  });
});
