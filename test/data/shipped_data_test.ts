import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { DataFile } from "../../src/data/hdf5_file.ts";
import { resolveDataFile, type WantedDataFile } from "../../src/data/locate.ts";
import { firstIndices } from "./fixtures.ts";

const folder = fileURLToPath(new URL("../../data/", import.meta.url));

/** Opens a shipped file as the commands do, by its properties. */
async function open(wanted: Omit<WantedDataFile, "view">): Promise<DataFile> {
  const path = await resolveDataFile(folder, { ...wanted, view: "frontal" });
  return await DataFile.open(path, { channels: 3, labels: true, size: wanted.size });
}

/** Number of images with each label. */
function labelTotals(labels: Float32Array, labelCount: number): number[] {
  const totals = new Array<number>(labelCount).fill(0);
  labels.forEach((value, index) => totals[index % labelCount]! += value);
  return totals;
}

Deno.test("the shipped brain slices are complete, labelled and not empty", async () => {
  for (
    const [split, count, totals] of [["train", 580, [170, 219, 191, 207]], ["valid", 144, [
      42,
      54,
      48,
      48,
    ]]] as const
  ) {
    const file = await open({ dataset: "brain", split, size: 64 });
    assertEquals([file.info.count, file.info.fileChannels, file.info.dtype], [count, 1, "uint8"]);
    assertEquals(file.info.attributes.class_names, ["axial", "coronal", "sagittal", "macaque"]);
    assertEquals(labelTotals(file.readLabels(firstIndices(count)), 4), [...totals]);
    const images = file.readImages(firstIndices(count));
    const pixels = images.length / count;
    for (let image = 0; image < count; image++) {
      const bright = images.subarray(image * pixels, (image + 1) * pixels).filter((value) =>
        value > -1.5
      ).length;
      assert(bright > pixels / 50, `image ${image} of ${split} is dark`);
    }
    file.close();
  }
});

Deno.test("the shipped clothes are complete, padded with black and balanced", async () => {
  for (const [split, count] of [["train", 2000], ["valid", 500]] as const) {
    const file = await open({ dataset: "fashion", split, size: 32 });
    assertEquals([file.info.count, file.info.fileChannels, file.info.dtype], [count, 1, "uint8"]);
    assertEquals((file.info.attributes.class_names as string[]).length, 10);
    assertEquals(labelTotals(file.readLabels(firstIndices(count)), 10), new Array(10).fill(count / 10));
    const image = file.readImages(Uint32Array.of(count - 1));
    const black = Math.fround(-0.485 / 0.229);
    assertEquals(image.slice(0, 64), new Float32Array(64).fill(black));
    file.close();
  }
});
