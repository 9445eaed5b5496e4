/** Cut and corrupted weight files are refused with one-line errors. */

import { assert, assertEquals } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { memorySource } from "../../src/io/byte_source.ts";
import { decodeWeights } from "../../src/io/weights.ts";
import { readWeights } from "../../src/io/weights_file.ts";
import { randomBits } from "../../src/random.ts";
import { folder } from "./described.ts";

const files = [
  "tiny_zip.pt",
  "tiny_legacy.pt",
  "deflated.pt",
  "zip64.pt",
  "python2.pth",
  "names.safetensors",
];

/** Whether `readWeights` refuses the content. Fails if the error is not one line that names the file. */
async function isRefused(path: string, content: Uint8Array): Promise<boolean> {
  Deno.writeFileSync(path, content);
  try {
    await readWeights(path);
    return false;
  } catch (error) {
    assert(error instanceof DataError, `${(error as Error).stack}`);
    assert(error.message.startsWith(`${path}: `), error.message);
    assert(!error.message.includes("\n") && error.message.length < path.length + 300, error.message);
    return true;
  }
}

async function withTemporary(work: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await work(`${directory}/damaged.pt`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

for (const name of files) {
  const content = Deno.readFileSync(folder + name);

  Deno.test(`readWeights: refuses ${name} cut short at any byte`, async () => {
    await withTemporary(async (path) => {
      assert(!(await isRefused(path, content)));
      for (let length = 0; length < content.length; length++) {
        assert(await isRefused(path, content.subarray(0, length)), `the first ${length} bytes were accepted`);
      }
    });
  });

  Deno.test(`readWeights: reads or refuses ${name} with changed bytes`, async () => {
    await withTemporary(async (path) => {
      let refused = 0;
      for (let trial = 0; trial < 400; trial++) {
        const changed = content.slice();
        for (let change = 0; change <= trial % 3; change++) {
          const bits = randomBits(trial, change);
          changed[(bits >>> 8) % content.length] = bits & 255;
        }
        if (await isRefused(path, changed)) refused++;
      }
      assert(refused > 20, `only ${refused} of 400 refused`);
    });
  });
}

for (const name of ["tiny_zip.pt", "deflated.pt", "zip64.pt", "model_zip.pt"]) {
  Deno.test(`readWeights: ${name} with any byte changed is refused, or read as if it were not`, () => {
    const content = Deno.readFileSync(folder + name);
    const wanted = decodeWeights(memorySource(content)).tensors;
    let refused = 0;
    for (let at = 0; at < content.length; at++) {
      const changed = content.slice();
      changed[at]! ^= 1 + randomBits(at, 0) % 255;
      try {
        assertEquals(decodeWeights(memorySource(changed)).tensors, wanted, `byte ${at}`);
      } catch (error) {
        assert(error instanceof DataError, `byte ${at}: ${error}`);
        refused++;
      }
    }
    assert(refused > content.length / 5, `only ${refused} of ${content.length} refused`);
  });
}
