import { assertEquals } from "@std/assert";
import { withDicomTags } from "../../src/create/dicom_tags.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";

/** One data element in explicit little endian (PS3.5, 7.1.2). */
function element(group: number, number: number, kind: string, text: string): number[] {
  const value = [...new TextEncoder().encode(text.length % 2 === 0 ? text : `${text} `)];
  const long = ["OB", "OW"].includes(kind);
  const length = new Uint8Array(Uint32Array.of(value.length).buffer);
  return [
    ...[group & 255, group >> 8, number & 255, number >> 8],
    ...new TextEncoder().encode(kind),
    ...(long ? [0, 0, ...length] : length.subarray(0, 2)),
    ...value,
  ];
}

/** A DICOM file without an image, with `filler` bytes before its patient and view. */
function dicom(patient: string, view: string, filler = 0): Uint8Array<ArrayBuffer> {
  const syntax = element(2, 0x10, "UI", "1.2.840.10008.1.2.1\0");
  return Uint8Array.from([
    ...new Array(128).fill(0),
    ...new TextEncoder().encode("DICM"),
    ...element(2, 0, "UL", "\0\0\0\0").with(8, syntax.length),
    ...syntax,
    ...element(9, 0x1001, "OB", " ".repeat(filler)),
    ...element(0x10, 0x20, "LO", patient),
    ...element(0x18, 0x5101, "CS", view),
  ]);
}

Deno.test("withDicomTags reads patients and views from DICOM files if the list names none", async () => {
  await inTemporaryFolder(async (folder) => {
    const root = await Deno.realPath(folder);
    const files: Record<string, Uint8Array> = {
      "IM1": dicom("Müller 7", "PA"),
      "b.dcm": dicom("8", "LL", 70_000),
      "c.dcm": dicom("", ""),
      "d.dcm": new Uint8Array(500),
      "e.png": dicom("9", "PA"),
    };
    for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(`${root}/${name}`, bytes);
    const entries = [...Object.keys(files), "missing.dcm", "../outside.dcm"].map((path) => ({
      path,
      labels: [],
    }));
    const own = { path: "IM1", labels: [], patient: "own", view: "other" };
    const filled = await withDicomTags(root, [...entries, own]);
    assertEquals(filled.map(({ patient }) => patient?.replace(/M.*r/, "M…r")), [
      ...["M…r 7", "8"],
      ...[undefined, undefined, undefined, undefined, undefined],
      "own",
    ]);
    assertEquals(filled.map(({ view }) => view), [
      ...["frontal", "lateral"],
      ...[undefined, undefined, undefined, undefined, undefined],
      "other",
    ]);
  });
});
