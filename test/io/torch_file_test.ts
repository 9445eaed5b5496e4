/** Files that PyTorch wrote, and state dicts in them. */

import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import type { HostTensor } from "../../src/io/host_tensor.ts";
import { stateDict, type TorchValue } from "../../src/io/torch.ts";
import { readTorchFile } from "../../src/io/torch_file.ts";
import { described, expected, folder } from "./described.ts";

for (const [name, { value, refused }] of Object.entries(expected)) {
  if (value !== undefined) {
    Deno.test(`readTorchFile: reads ${name} as PyTorch wrote it`, async () => {
      assertEquals(described(await readTorchFile(folder + name)), value);
    });
  } else if (refused) {
    Deno.test(`readTorchFile: refuses ${name} with one line`, async () => {
      const error = await assertRejects(() => readTorchFile(folder + name), DataError);
      assert(error.message.startsWith(`${folder}${name}: cannot read: ${refused}`), error.message);
      assert(!error.message.includes("\n"), error.message);
    });
  }
}

Deno.test("readTorchFile: the message for a pickle that calls a function", async () => {
  const error = await assertRejects(() => readTorchFile(`${folder}hostile_system.pt`), DataError);
  assertEquals(
    error.message.slice(folder.length),
    "hostile_system.pt: cannot read: the pickle asks for posix.system; only tensors and plain containers are accepted",
  );
});

Deno.test("readTorchFile: tensors that share a storage in the file get separate memory", async () => {
  for (const name of ["views_zip.pt", "views_legacy.pt"]) {
    const views = await readTorchFile(folder + name) as Map<string, HostTensor>;
    const [base, row] = [views.get("base")!, views.get("row")!];
    assert(base.data.buffer !== row.data.buffer);
    row.data[0] = 99;
    assertEquals(base.data[12], 3);
    for (const tensor of views.values()) assertEquals(tensor.data.byteOffset, 0);
  }
});

Deno.test("readTorchFile: a key named __proto__ does not change a prototype", async () => {
  const value = await readTorchFile(`${folder}checkpoint_zip.pt`) as Map<string, TorchValue>;
  assertEquals((value.get("__proto__") as Map<string, number>).get("polluted"), 1);
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("stateDict: finds the tensors of a plain state dict and of a checkpoint", async () => {
  const bare = stateDict(await readTorchFile(`${folder}model_zip.pt`));
  assertEquals([...bare.keys()].slice(0, 3), ["conv.weight", "conv.bias", "norm.weight"]);
  assertEquals(bare.get("norm.num_batches_tracked")!.shape, []);
  const nested = stateDict(await readTorchFile(`${folder}checkpoint_legacy.pt`));
  assertEquals([...nested.keys()], ["module.weight", "module.bias"]);

  const weight: HostTensor = { shape: [1], data: Float32Array.of(5) };
  for (const key of ["state_dict", "model", "model_state_dict", "net"]) {
    const checkpoint = new Map<TorchValue, TorchValue>([["epoch", 1], [
      key,
      new Map([["weight", weight]]),
    ]]);
    assertEquals([...stateDict(checkpoint)], [["weight", weight]]);
  }
});

Deno.test("stateDict: names the keys that it found instead of a state dict", async () => {
  const value = await readTorchFile(`${folder}no_tensors.pt`);
  const error = assertThrows(() => stateDict(value), DataError);
  assertStringIncludes(error.message, "its keys are epoch, history");
  for (const other of [null, 3, [], new Map()]) assertThrows(() => stateDict(other as TorchValue), DataError);
});
