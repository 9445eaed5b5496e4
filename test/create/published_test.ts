import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readTable, type TableOptions } from "../../src/create/tables.ts";
import { chexpertClasses } from "../../src/models/densenet/class_names.ts";
import { DataError, UsageError } from "../../src/errors.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";

/** Reads a table of these lines; notes are without the table's folder. */
async function read(content: readonly string[] | Uint8Array, options: TableOptions = {}) {
  const notes: string[] = [];
  const folder = await Deno.makeTempDir();
  try {
    const bytes = content instanceof Uint8Array ? content : new TextEncoder().encode(content.join("\n"));
    await Deno.writeFile(`${folder}/list.csv`, bytes);
    const note = (text: string) => notes.push(text.replaceAll(`${folder}/`, ""));
    return { ...await readTable(`${folder}/list.csv`, options, note), notes };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The names of an entry's classes that are 1. */
function positives({ classNames, entries }: Awaited<ReturnType<typeof read>>): string[] {
  return entries.map(({ labels }) => classNames.filter((_, index) => labels[index] === 1).join("+"));
}

const chestXray14 = [
  "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position," +
  "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],",
  "00000001_000.png,Cardiomegaly,0,1,58,M,PA,2682,2749,0.143,0.143,",
  "00000001_001.png,Cardiomegaly|Emphysema,1,1,58,M,PA,2894,2729,0.143,0.143,",
  "00000002_000.png,No Finding,0,2,81,M,AP,2500,2048,0.171,0.171,",
];

Deno.test("ChestX-ray14's table gives 14 findings, patients and views", async () => {
  const named = { path_column: "Image Index", label_columns: "Finding Labels" };
  for (const options of [{}, named, { path_column: "Image Index", view_column: "View Position" }]) {
    const listing = await read(chestXray14, options);
    assertEquals([listing.dataset, listing.classNames.length, listing.notes], ["ChestX-ray14", 14, []]);
    assertEquals(positives(listing), ["Cardiomegaly", "Cardiomegaly+Emphysema", ""]);
    assertEquals(listing.entries.map(({ patient, view }) => [patient, view]), [
      ["1", "frontal"],
      ["1", "frontal"],
      ["2", "frontal"],
    ]);
    assertEquals(listing.entries[2]!.labels, new Array(14).fill(0));
  }
  const error = await assertRejects(() => read([...chestXray14, "a.png,Gout,,3,,,PA,,,,,"]), DataError);
  assertMatch(error.message, /: line 5, column "Finding Labels": "Gout", expected one of Atelectasis, /);
  assertEquals((await read(chestXray14, { labels: false })).classNames, []);
});

Deno.test("PadChest's table has lists of words and a folder for each image", async () => {
  const listing = await read([
    "ImageID,ImageDir,StudyDate_DICOM,StudyID,PatientID,Projection,Labels",
    "1.png,0,20140915,s1,839860488694292331637988235681460987,PA,\"['pulmonary emphysema', 'cardiomegaly']\"",
    "2.png,14.0,20140916,s2,313572750430997347502932654319389875966,L,\"['normal']\"",
    "3.png,14,20140916,s2,x,AP_horizontal,",
  ]);
  assertEquals(listing.classNames, ["cardiomegaly", "pulmonary emphysema"]);
  assertEquals(listing.entries.map(({ path, labels, view }) => [path, labels, view]), [
    ["0/1.png", [1, 1], "frontal"],
    ["14/2.png", [0, 0], "lateral"],
    ["14/3.png", [NaN, NaN], "frontal"],
  ]);
  assertEquals(listing.entries[0]!.patient, "839860488694292331637988235681460987");
});

Deno.test("RSNA's tables have a row for each box, or a class", async () => {
  const boxes = await read([
    "patientId,x,y,width,height,Target",
    "0004cfab,,,,,0",
    "00436515,264.0,152.0,213.0,379.0,1",
    "00436515,562.0,152.0,256.0,453.0,1",
  ]);
  assertEquals(boxes.entries.map(({ path, labels, patient }) => [path, labels, patient]), [
    ["0004cfab", [0], "0004cfab"],
    ["00436515", [1], "00436515"],
  ]);
  assertMatch(boxes.notes[0]!, /^list\.csv: 3 rows are about 2 images; a label is the largest value in/);
  const classes = await read(["patientId,class", "a,Lung Opacity", "b,Normal", "a,Lung Opacity"]);
  assertEquals([classes.classNames, positives(classes)], [["Lung Opacity", "Normal"], [
    "Lung Opacity",
    "Normal",
  ]]);
});

const radiologists = [
  "image_id,rad_id,Aortic enlargement,Cardiomegaly,No finding",
  "000434271f63a053,R10,0,1,0",
  "000434271f63a053,R9,0,0,1",
  "000434271f63a053,R8,0,0,1",
  "00053190460d56c5,R8,1,0,0",
];

Deno.test("VinDr-CXR's tables have a row for each radiologist, or for each box", async () => {
  const any = await read(radiologists);
  assertEquals(any.classNames, ["Aortic enlargement", "Cardiomegaly", "No finding"]);
  assertEquals(positives(any), ["Cardiomegaly+No finding", "Aortic enlargement"]);
  assertEquals(positives(await read(radiologists, { several_rows: "majority" })), [
    "No finding",
    "Aortic enlargement",
  ]);
  const refused = await assertRejects(() => read(radiologists, { several_rows: "refuse" }), DataError);
  assertMatch(refused.message, /: line 3: 000434271f63a053 is already on line 2$/);
  const boxes = await read([
    "image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max",
    "a,No finding,14,R11,,,,",
    "b,Cardiomegaly,3,R9,691.0,1375.0,1653.0,1831.0",
    "b,Aortic enlargement,0,R9,1264.0,743.0,1611.0,1019.0",
  ]);
  assertEquals(positives(boxes), ["", "Aortic enlargement+Cardiomegaly"]);
});

Deno.test("MIMIC-CXR's list of records and its table of images need labels unless none are wanted", async () => {
  const records = [
    "subject_id,study_id,dicom_id,path",
    "10000032,50414267,02aa804e,files/p10/p10000032/s50414267/02aa804e.dcm",
  ];
  await inTemporaryFolder(async (folder) => {
    const labels_csv = `${folder}/labels.csv`;
    const row = ["10000032", "50414267.0", "1.0", ...new Array(13).fill("")].join();
    await Deno.writeTextFile(
      labels_csv,
      [["subject_id,study_id", ...chexpertClasses].join(), row].join("\n"),
    );
    const listing = await read(records, { labels_csv });
    assertEquals([listing.hasViews, listing.hasViewsInFiles, positives(listing)], [false, true, [
      chexpertClasses[0],
    ]]);
    assertEquals(listing.entries[0]!.path, "files/p10/p10000032/s50414267/02aa804e.dcm");
  });
  await assertRejects(() => read(records), UsageError);
  assertEquals((await read(records, { labels: false })).classNames, []);
});

Deno.test("cells may be written as pandas, spreadsheets and Windows write them", async () => {
  const listing = await read([
    "path,edema,fracture",
    String.raw`img\a.png,True,1.0`,
    String.raw`.\img\b.png,False,NaN`,
    "./img/c.png,yes,NA",
    "img/d.png,NULL,-1.0",
    "img/e.png,no,<NA>",
  ], { label_columns: "edema,fracture" });
  assertEquals(listing.entries.map(({ path, labels }) => [path, labels]), [
    ["img/a.png", [1, 1]],
    ["img/b.png", [0, NaN]],
    ["img/c.png", [1, NaN]],
    ["img/d.png", [NaN, -1]],
    ["img/e.png", [0, NaN]],
  ]);
});

Deno.test("words are classes, one or several in a cell", async () => {
  const rows = ["path,finding", "a,COVID-19", "b,normal", "c,", "d,COVID-19"];
  const single = await read(rows, { label_columns: "finding" });
  assertEquals(single.entries.map(({ labels }) => labels), [[1, 0], [0, 1], [NaN, NaN], [1, 0]]);
  assertEquals(single.notes, ['list.csv: column "finding" holds words; its 2 classes are COVID-19, normal']);
  const negative = await read(rows, { label_columns: "finding", negative_label: "normal" });
  assertEquals(negative.entries.map(({ labels }) => labels), [[1], [0], [NaN], [1]]);
  assertMatch(negative.notes[0]!, /its class is COVID-19; normal means none of them$/);
  for (const [text, options] of [["a;b", {}], ["a | b", {}], ["a + b", { label_separator: "+" }]] as const) {
    const several = await read(["path,finding,x", `i,${text},1`, "j,b,0"], {
      label_columns: "finding",
      ...options,
    });
    assertEquals(several.entries.map(({ labels }) => labels), [[1, 1], [0, 1]]);
  }
  const mixed = await read(["path,finding,x", "i,one,1", "j,two,0"], { label_columns: "finding,x" });
  assertEquals(mixed.classNames, ["finding: one", "finding: two", "x"]);
  assertEquals(mixed.entries.map(({ labels }) => labels), [[1, 0, 1], [0, 1, 0]]);
});

Deno.test("--class_column takes numbers as classes", async () => {
  const listing = await read(["path,kind", "a,10", "b,2", "c,0"], { class_column: "kind" });
  assertEquals([listing.classNames, positives(listing)], [["0", "2", "10"], ["10", "2", "0"]]);
  await assertRejects(() => read(["path,kind", "a,10"], { label_columns: "kind" }), DataError);
});

Deno.test("a split may be a column, a second table or a list of names", async () => {
  const rows = ["path,id,split", "img/a.png,1,train", "img/b.png,2,Validate", "img/c.png,3,test"];
  const splits = (listing: Awaited<ReturnType<typeof read>>) => listing.entries.map(({ split }) => split);
  assertEquals(splits(await read(rows, { split_column: "split" })), ["train", "valid", "test"]);
  const unused = await read(rows);
  assertEquals(splits(unused), [undefined, undefined, undefined]);
  assertEquals(unused.notes, ['list.csv: has a column "split", which is used with --split_column split']);
  const wrong = await assertRejects(
    () => read([...rows, "img/d.png,4,fold 3"], { split_column: "split" }),
    DataError,
  );
  assertMatch(wrong.message, /: line 5, column "split": "fold 3", expected train, valid or test$/);
  await inTemporaryFolder(async (folder) => {
    const split_csv = `${folder}/split.csv`;
    await Deno.writeTextFile(split_csv, "id,set\n3,train\n1,test\n2,dev\n");
    assertEquals(splits(await read(rows, { split_csv, split_column: "set" })), ["test", "valid", "train"]);
    const missing = await assertRejects(
      () => read([...rows, "e,9,"], { split_csv, split_column: "set" }),
      DataError,
    );
    assertMatch(missing.message, /: line 5: 9 is not in the column "id" of .*split\.csv$/);
    const test_list = `${folder}/test_list.txt`;
    await Deno.writeTextFile(test_list, "c.png\r\nimg/a.png\r\nz.png\r\n");
    const listed = await read(rows, { test_list });
    assertEquals(splits(listed), ["test", undefined, "test"]);
    assertMatch(listed.notes.at(-1)!, /test_list\.txt: 1 of its 3 names are not in the list of images$/);
    await Deno.writeTextFile(test_list, "z.png\n");
    await assertRejects(() => read(rows, { test_list }), DataError, "names none of the 3 listed images");
    await assertRejects(() => read(rows, { test_list, split_column: "split" }), UsageError);
  });
});

Deno.test("tables may be in Latin-1, which is said", async () => {
  const bytes = Uint8Array.from("path,label\nM\u00fcller.png,1\n", (letter) => letter.charCodeAt(0));
  const { entries, notes } = await read(bytes, { label_columns: "label" });
  assertEquals(entries[0]!.path, "M\u00fcller.png");
  assertEquals(notes, ["list.csv: is not UTF-8, and is read as Windows-1252, which includes Latin-1"]);
});

Deno.test("tables may be in UTF-16, with tabs, and compressed in several parts", async () => {
  const wanted = ["ü.png", "b.png"];
  const text = "\ufeffpath\tlabel\r\nü.png\t1\r\nb.png\t0\r\n";
  const little = new Uint8Array(Uint16Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
  const big = little.map((_, index) => little[index ^ 1]!);
  const compress = async (part: string) =>
    await new Response(new Blob([part]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
  const parts = await Promise.all(["path\tlabel\nü.png\t1\n", "b.png\t0\n"].map(compress));
  for (const bytes of [little, big, Uint8Array.from(parts.flatMap((part) => [...part]))]) {
    const { entries } = await read(bytes, { label_columns: "label" });
    assertEquals(entries.map(({ path }) => path), wanted);
    assertEquals(entries.map(({ labels }) => labels), [[1], [0]]);
  }
});
