import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { decodeImage, readDicomTags } from "../../src/images/decode.ts";
import { type GoldenArray, readIndex } from "../golden/read.ts";
import { concatenate, readImageFile, refused, sha256 } from "./files.ts";

/** A file in test/data_files/images as other decoders show it; see test/golden/images_decoded.py. */
interface DecodedGolden {
  file: string;
  largest: number;
  /** [images, height, width, channels] */
  pixels: GoldenArray;
  /** Hash of the pixels, if they need no rounding. */
  sha256?: string;
}

const goldens = await readIndex<DecodedGolden>("images_decoded", "files");

/** The other decoder rounds colours that are converted from YBR, so that they may differ by one level. */
const isConverted = (file: string) => file.startsWith("dicom_ybr");

for (const golden of goldens) {
  Deno.test(`decodeImage shows ${golden.file} as other decoders do`, async () => {
    const images = await decodeImage(await readImageFile(golden.file));
    const [{ width, height, channels, largest }] = images as [(typeof images)[0]];
    assertEquals([images.length, height, width, channels], golden.pixels.shape);
    assertEquals(largest, golden.largest);
    const all = concatenate(images.map((image) => image.pixels));
    // Half a level for rounding here, plus the last digits of the golden's float32.
    const allowed = isConverted(golden.file) ? 1 : 0.51;
    golden.pixels.values.forEach((value, index) => {
      const ours = all[index * golden.pixels.step]!;
      if (!(Math.abs(ours - value) <= allowed)) {
        throw new Error(`sample ${index * golden.pixels.step} is ${ours} instead of ${value}`);
      }
    });
    if (golden.sha256) assertEquals(await sha256(all), golden.sha256);
  });
}

Deno.test("the test files cover every supported transfer syntax", async () => {
  const found = new Set<string>();
  for (const { file } of goldens.filter(({ file }) => file.endsWith(".dcm"))) {
    const start = new TextDecoder("latin1").decode((await readImageFile(file)).subarray(132, 600));
    // The tag (0002,0010), its type, two bytes of length, then the transfer syntax.
    const at = start.indexOf("\x02\x00\x10\x00UI") + 8;
    found.add(/^1\.2\.840\.10008\.1\.2([.\d]*)/.exec(start.slice(at))![1]!);
  }
  const named = [
    "",
    ".1",
    ".1.99",
    ".2",
    ".5",
    ...[50, 51, 57, 70, 80, 81, 90, 91].map((part) => `.4.${part}`),
  ];
  assertEquals([...found].sort(), named.sort());
});

const refusals: [string, RegExp][] = [
  ["refused_dicom_cut.dcm", /damaged|cut short/],
  ["refused_dicom_no_pixels.dcm", /holds no image/],
];
for (const [file, words] of refusals) {
  Deno.test(`decodeImage refuses ${file} and names the reason`, async () => {
    const message = await refused(await readImageFile(file));
    assertEquals(words.test(message), true, message);
  });
}

Deno.test("the frames of a file are numbered in order", async () => {
  const frames = await decodeImage(await readImageFile("dicom_frames.dcm"));
  assertEquals(frames.map(({ frame }) => frame), [0, 1, 2]);
  const reversed = frames[0]!.pixels.slice(0, 71);
  assertEquals(frames[1]!.pixels.slice(-71), reversed);
});

Deno.test("a volume is sliced along the requested axis", async () => {
  const bytes = await readImageFile("nifti_uint8.nii");
  const [sagittal, coronal, axial] = await Promise.all(
    ([0, 1, 2] as const).map((axis) => decodeImage(bytes, { axis })),
  );
  assertEquals(sagittal!.map(({ width, height }) => [width, height])[0], [19, 5]);
  assertEquals([sagittal!.length, coronal!.length, axial!.length], [23, 19, 5]);
  // The voxel (x, y, z) = (4, 7, 2) in each of the three; rows run downwards.
  const expected = axial![2]!.pixels[(18 - 7) * 23 + 4];
  assertEquals(coronal![7]!.pixels[(4 - 2) * 23 + 4], expected);
  assertEquals(sagittal![4]!.pixels[(4 - 2) * 19 + 7], expected);
});

Deno.test("readDicomTags reads tags, missing ones as empty texts", async () => {
  assertEquals(readDicomTags(await readImageFile("dicom_12_bit.dcm")), {
    PatientID: "vqray-1",
    ViewPosition: "AP",
  });
  assertEquals(readDicomTags(await readImageFile("dicom_deflated.dcm")).ViewPosition, "");
  const cut = (await readImageFile("dicom_12_bit.dcm")).slice(0, 405);
  await assertRejects(async () => await readDicomTags(cut), DataError);
});

Deno.test("decodeImage works in a worker, with the permissions of the tasks", async () => {
  const source = `
    import { decodeImage } from ${JSON.stringify(import.meta.resolve("../../src/images/decode.ts"))};
    self.onmessage = async ({ data }) => {
      const images = await Promise.all(data.map((bytes) => decodeImage(bytes)));
      self.postMessage(images.map(([image]) => [image.width, image.height, image.channels]));
    };`;
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address, { type: "module" });
  const files = ["png_rgb_16.png", "jpeg_420.jpg", "dicom_12_bit_jpeg_ls.dcm", "dicom_12_bit_jpeg_2000.dcm"];
  const sizes = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.postMessage(await Promise.all(files.map(readImageFile)));
  assertEquals(await sizes, [[71, 61, 3], [71, 61, 3], [71, 61, 1], [71, 61, 1]]);
  worker.terminate();
  URL.revokeObjectURL(address);
});
