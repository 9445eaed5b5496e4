import { assertEquals, assertRejects } from "@std/assert";
import { readTable, type TableOptions } from "../../src/create/tables.ts";
import { chexpertClasses } from "../../src/models/densenet/class_names.ts";
import { DataError, UsageError } from "../../src/errors.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";

async function readLines(lines: readonly string[], options: TableOptions = {}) {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(path, lines.join("\n"));
    return await readTable(path, options);
  } finally {
    await Deno.remove(path);
  }
}

const folder = "CheXpert-v1.0-small/train";

Deno.test("readTable reads CheXpert's table", async () => {
  const listing = await readLines([
    ["Path,Sex,Age,Frontal/Lateral,AP/PA", ...chexpertClasses].join(),
    `${folder}/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,0.0,,,,1.0`,
    `${folder}/patient00002/study2/view1_frontal.jpg,Female,87,Frontal,AP,,,-1.0,1.0,,-1.0,-1.0,,-1.0,,-1.0,,1.0,`,
    `${folder}/patient00002/study1/view2_lateral.jpg,Male,83,Lateral,,,,,,,,,,,,,,,`,
  ]);
  assertEquals(listing.dataset, "CheXpert");
  assertEquals(listing.classNames, chexpertClasses);
  const [_, u] = [NaN, -1];
  assertEquals(listing.entries, [
    {
      path: `${folder}/patient00001/study1/view1_frontal.jpg`,
      labels: [1, _, _, _, _, _, _, _, _, 0, _, _, _, 1],
      patient: "patient00001",
      view: "frontal",
    },
    {
      path: `${folder}/patient00002/study2/view1_frontal.jpg`,
      labels: [_, _, u, 1, _, u, u, _, u, _, u, _, 1, _],
      patient: "patient00002",
      view: "frontal",
    },
    {
      path: `${folder}/patient00002/study1/view2_lateral.jpg`,
      labels: new Array(14).fill(_),
      patient: "patient00002",
      view: "lateral",
    },
  ]);
});

Deno.test("readTable reads MIMIC-CXR's table, with labels in CheXpert's order, under either name", async () => {
  const shuffled = chexpertClasses.toReversed().map((name) =>
    name === "Lung Opacity" ? "Airspace Opacity" : name
  );
  const listing = await readLines([
    ["path", "view", ...shuffled].join(),
    ["train/p10000032/s01/view1_frontal.jpg", "frontal", "1.0", ...new Array(12).fill("0"), "-1"].join(),
  ]);
  assertEquals(listing.dataset, "MIMIC-CXR");
  assertEquals(listing.classNames, chexpertClasses);
  const [entry] = listing.entries;
  assertEquals(entry!.labels, [-1, ...new Array(12).fill(0), 1]);
  assertEquals([entry!.patient, entry!.view], ["p10000032", "frontal"]);
});

Deno.test("readTable reads the two tables of MIMIC-CXR's later releases", async () => {
  const labels = await Deno.makeTempFile({ suffix: ".csv" });
  const images = [
    "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows",
    "02aa804e-bde0afdd,10000032,50414267,CHEST (PA AND LAT),PA,3056",
    "174413ec-4ec4c1f7,10000032,50414267,CHEST (PA AND LAT),LATERAL,3056",
    "68b5c4b1-227d0485,10000084,51000000,CHEST (PA AND LAT),,2539",
  ];
  try {
    const names = chexpertClasses.toSorted();
    const rows = [["subject_id", "study_id", ...names], [
      10000032,
      50414267,
      "1.0",
      "-1.0",
      ...new Array(12).fill(""),
    ]];
    await Deno.writeTextFile(labels, rows.map((row) => row.join()).join("\n"));
    const { classNames, dataset, entries, hasViews } = await readLines(images, { labels_csv: labels });
    assertEquals([classNames, dataset, hasViews], [chexpertClasses, "MIMIC-CXR", true]);
    const folder = "files/p10/p10000032/s50414267";
    assertEquals(entries.map(({ path }) => path), [
      `${folder}/02aa804e-bde0afdd.jpg`,
      `${folder}/174413ec-4ec4c1f7.jpg`,
      "files/p10/p10000084/s51000000/68b5c4b1-227d0485.jpg",
    ]);
    assertEquals(entries.map(({ patient, view }) => [patient, view]), [
      ["10000032", "frontal"],
      ["10000032", "lateral"],
      ["10000084", ""],
    ]);
    const wanted = chexpertClasses.map((name) => name === names[0] ? 1 : name === names[1] ? -1 : NaN);
    assertEquals(entries.map(({ labels }) => labels), [wanted, wanted, new Array(14).fill(NaN)]);
    const withoutLabels = await assertRejects(() => readLines(images), UsageError);
    assertEquals(
      withoutLabels.message.startsWith("--labels_csv: expected MIMIC-CXR's table of labels"),
      true,
    );
    const forNothing = await assertRejects(
      () => readLines(["path", "a"], { labels_csv: labels }),
      UsageError,
    );
    assertEquals(forNothing.message.startsWith("--labels_csv: needs MIMIC-CXR's table of images"), true);
    await Deno.writeTextFile(labels, [...rows, rows[1]!].map((row) => row.join()).join("\n"));
    const twice = await assertRejects(() => readLines(images, { labels_csv: labels }), DataError);
    assertEquals(twice.message, `${labels}: line 3: has study 50414267 a second time`);
  } finally {
    await Deno.remove(labels);
  }
});

const own = ["file,id,edema,x,fracture,position", "a b.png,7,1,9,0,PA", "ü.png,8,,9,-1,LL"];

Deno.test("readTable reads any table by the names of its columns", async () => {
  const options = { path_column: "file", patient_column: "id", view_column: "position" };
  const listing = await readLines(own, { ...options, label_columns: "fracture, edema" });
  assertEquals(listing.classNames, ["fracture", "edema"]);
  assertEquals(listing.entries, [
    { path: "a b.png", labels: [0, 1], patient: "7", view: "frontal" },
    { path: "ü.png", labels: [-1, NaN], patient: "8", view: "lateral" },
  ]);
  const bare = await readLines(own, { path_column: "file" });
  assertEquals(bare.entries[0], { path: "a b.png", labels: [], patient: undefined, view: undefined });
  const ranged = await readLines(["path,a,b,c,d", "x,1,0,1,0"], { label_columns: "d,a..c" });
  assertEquals(ranged.classNames, ["d", "a", "b", "c"]);
  const byPattern = await readLines(own, { path_column: "file", patient_pattern: "^(.)" });
  assertEquals(byPattern.entries.map(({ patient }) => patient), ["a", "ü"]);
});

Deno.test("readTable refuses an unsuitable table in one line that says why", async () => {
  const cases: [string[], TableOptions, typeof DataError | typeof UsageError, RegExp][] = [
    [
      own,
      {},
      UsageError,
      /^--path_column: expected the column of .*\.csv that holds the images' paths; its columns are "file", "id"/,
    ],
    [own, { path_column: "File" }, DataError, /\.csv: has no column "File"; its columns are "file", "id", /],
    [own, { path_column: "file", label_columns: "edema,oedema" }, DataError, /: has no column "oedema"/],
    [
      own,
      { path_column: "file", label_columns: "x" },
      DataError,
      /: line 2, column "x": "9", expected 1, 0, -1 or nothing$/,
    ],
    [
      own,
      { path_column: "file", label_columns: "x..edema" },
      DataError,
      /--label_columns x\.\.edema: the first column comes after/,
    ],
    [["path,path", "a,b"], {}, DataError, /: has two columns "path"/],
    [["path,id", "a.png,"], { patient_column: "id" }, DataError, /: line 2, column "id": is empty$/],
    [["path,id", "a.png,1", ",2"], {}, DataError, /: line 3: has no path$/],
    [
      ["path,id", "a.png,1", "b.png,1", "a.png,2"],
      { several_rows: "refuse" },
      DataError,
      /: line 4: a\.png is already on line 2$/,
    ],
    [
      ["path,id", "a.png,1", "b.png,1", "a.png,2"],
      { patient_column: "id" },
      DataError,
      /: line 4: a\.png has the patient "2", but "1" on line 2$/,
    ],
    [["Path,Frontal/Lateral,Edema", "a,Frontal,1"], {}, DataError, /: has no column "No Finding"/],
    [
      own,
      { path_column: "file", patient_pattern: "(" },
      UsageError,
      /^--patient_pattern \(: expected a regular expression/,
    ],
    [
      own,
      { path_column: "file", patient_pattern: "a(.)" },
      UsageError,
      /^--patient_pattern a\(\.\): does not match ü\.png$/,
    ],
  ];
  for (const [lines, options, kind, message] of cases) {
    const error = await assertRejects(() => readLines(lines, options), kind);
    assertEquals(
      [error.message.match(message)?.length, error.message.includes("\n")],
      [1, false],
      error.message,
    );
  }
});

Deno.test("readTable reads a large table", async () => {
  await inTemporaryFolder(async (folder) => {
    const rows = Array.from({ length: 50_000 }, (_, index) => `p${index}/a.png,${index % 2}`);
    await Deno.writeTextFile(`${folder}/list.csv`, ["path,label", ...rows].join("\n"));
    const { entries } = await readTable(`${folder}/list.csv`, { label_columns: "label" });
    assertEquals(entries.length, 50_000);
    assertEquals(entries.at(-1), { path: "p49999/a.png", labels: [1], patient: undefined, view: undefined });
  });
});
