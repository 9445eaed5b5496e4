import { assertEquals, assertRejects } from "@std/assert";
import { readCsv } from "../../src/create/csv.ts";
import { DataError } from "../../src/errors.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";

async function withTable(
  content: string | Uint8Array,
  use: (path: string) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/list.csv`;
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await use(path);
  });
}

/** The columns' names, then for each row its line and its cells. */
async function readAll(path: string): Promise<unknown[]> {
  let names: readonly string[] = [];
  const rows = await readCsv(path, (columns) => {
    names = columns.names;
    return ({ cells, line }) => [line, ...cells];
  });
  return [names, ...rows];
}

const simple = [["a", "b"], [2, "1", "x"], [3, "2", "y"]];

Deno.test("readCsv accepts quotes, other line ends, a byte order mark, semicolons and tabs", async () => {
  const spellings = [
    "a,b\n1,x\n2,y\n",
    "\ufeffa,b\r\n1,x\r\n2,y",
    "a;b\n1;x\n2;y\n",
    "a\tb\n1\tx\n2\ty\n",
    '"a"," b "\n"1",x\n2,"y"\n',
  ];
  for (const text of spellings) {
    await withTable(text, async (path) => assertEquals(await readAll(path), simple));
  }
  const hard = 'path,"labels, of all"\n"a ""b"", c.png",1\n\n"ü\nß.png",0\n';
  const wanted = [["path", "labels, of all"], [2, 'a "b", c.png', "1"], [5, "ü\nß.png", "0"]];
  await withTable(hard, async (path) => assertEquals(await readAll(path), wanted));
});

Deno.test("readCsv decompresses gzip", async () => {
  const text = new Blob(["a,b\n1,x\n2,y\n"]);
  const packed = await new Response(text.stream().pipeThrough(new CompressionStream("gzip"))).bytes();
  await withTable(packed, async (path) => assertEquals(await readAll(path), simple));
  await withTable(packed.subarray(0, 15), async (path) => {
    const error = await assertRejects(() => readAll(path), DataError);
    assertEquals(error.message, `${path}: cannot be decompressed with gzip, the file may be cut short`);
  });
});

Deno.test("readCsv refuses other files in one line that names the file", async () => {
  const reasons: [string | Uint8Array, string][] = [
    ["", "is empty, expected a first row with the columns' names"],
    ["a,b\n", "has no rows after the columns' names"],
    [
      "a,b\n1,x\n2\n",
      "is not a table of comma-separated values: Invalid Record Length: expect 2, got 1 on line 3",
    ],
    [
      Uint8Array.of(0x61, 0x0a, 0xff, 0x00, 0x0a),
      "is not text in UTF-8, expected a table of comma-separated values",
    ],
  ];
  for (const [content, reason] of reasons) {
    await withTable(content, async (path) => {
      const error = await assertRejects(() => readAll(path), DataError);
      assertEquals(error.message, `${path}: ${reason}`);
    });
  }
  await withTable('a,b\n"1,x\n2,y\n', async (path) => {
    const error = await assertRejects(() => readAll(path), DataError);
    assertEquals(
      error.message.split(":").slice(0, 2).join(":"),
      `${path}: is not a table of comma-separated values`,
    );
  });
  const missing = await assertRejects(() => readAll("/nowhere/list.csv"), DataError);
  assertEquals(missing.message, "/nowhere/list.csv: cannot read: no such file or folder");
});
