/** Files that PyTorch wrote, and state dicts in them. */

import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import type { HostTensor } from "../../src/io/host_tensor.ts";
import { OpaqueObject } from "../../src/io/pickle_machine.ts";
import { stateDicts } from "../../src/io/state_dicts.ts";
import type { TorchValue } from "../../src/io/torch.ts";
import { readTorchFile } from "../../src/io/torch_file.ts";
import { readWeights } from "../../src/io/weights_file.ts";
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

Deno.test("readTorchFile: a pickle that calls a function does not run it", async () => {
  const value = await readTorchFile(`${folder}hostile_system.pt`) as Map<string, OpaqueObject>;
  assertEquals([value.get("weight")!.type, value.get("weight")!.args], ["posix.system", ["true"]]);
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

const weight: HostTensor = { shape: [1], data: Float32Array.of(5) };
const other: HostTensor = { shape: [1], data: Float32Array.of(6) };
const dict = (entries: Record<string, unknown>) => new Map(Object.entries(entries)) as TorchValue;
const places = (value: TorchValue) => stateDicts(value).map(({ place }) => place);

Deno.test("stateDicts: finds the tensors of a plain state dict and of a checkpoint", async () => {
  const bare = stateDicts(await readTorchFile(`${folder}model_zip.pt`))[0]!.tensors;
  assertEquals([...bare.keys()].slice(0, 3), ["conv.weight", "conv.bias", "norm.weight"]);
  assertEquals(bare.get("norm.num_batches_tracked")!.shape, []);
  const [nested] = stateDicts(await readTorchFile(`${folder}checkpoint_legacy.pt`));
  assertEquals([nested!.place, ...nested!.tensors.keys()], ["state_dict", "module.weight", "module.bias"]);

  for (const key of ["state_dict", "model", "model_state_dict", "net", "weights", "ema", "my_model"]) {
    const checkpoint = dict({ epoch: 1, [key]: dict({ weight }) });
    assertEquals(stateDicts(checkpoint), [
      { place: key, tensors: new Map([["weight", weight]]), unreadable: new Map() },
    ]);
  }
});

Deno.test("stateDicts: usual names come first, averages and the optimizer's state last", () => {
  const state = dict({ weight });
  const all = dict({
    weight,
    optimizer: dict({ a: state }),
    ema: state,
    other: dict({ weight }),
    net: dict({ weight }),
    state_dict: dict({ weight }),
  });
  assertEquals(places(all), ["state_dict", "net", "", "other", "ema"]);
  assertEquals(places(dict({ optimizer: dict({ a: state }) })), ["optimizer.a"]);
  assertEquals(places([state, dict({ other })]), ["0", "1"]);
});

Deno.test("stateDicts: finds the tensors of modules, of objects' attributes and of classes derived from dict", () => {
  const module = (attributes: Record<string, unknown>) => {
    const object = new OpaqueObject("torch.nn.Module");
    const empty = { _parameters: dict({}), _buffers: dict({}), _modules: dict({}) };
    object.state = dict({ training: true, ...empty, ...attributes });
    return object;
  };
  const inside = module({
    _parameters: dict({ weight, bias: null }),
    _buffers: dict({ mean: other, mask: other }),
  });
  (inside.state as Map<string, unknown>).set("_non_persistent_buffers_set", new Set(["mask"]));
  const complex = new OpaqueObject("a tensor of ComplexFloatStorage");
  const whole = module({
    _parameters: dict({ scale: weight, phase: complex }),
    _modules: dict({ norm: inside, none: null }),
  });
  const wanted = {
    tensors: new Map([["scale", weight], ["norm.weight", weight], ["norm.mean", other]]),
    unreadable: new Map([["phase", "a tensor of ComplexFloatStorage"]]),
  };
  assertEquals(stateDicts(whole), [{ place: "", ...wanted }]);
  const trainer = new OpaqueObject("my.Trainer");
  trainer.state = dict({ ema: whole });
  assertEquals(stateDicts(dict({ trainer })), [{ place: "trainer.ema", ...wanted }]);
  const derived = new OpaqueObject("my.Dict");
  derived.items = dict({ weight }) as Map<unknown, unknown>;
  assertEquals(places(derived), [""]);
  const slots = new OpaqueObject("my.Slots");
  slots.state = [null, dict({ weight })];
  assertEquals(places(slots), [""]);
});

Deno.test("stateDicts: finds the tensors of a module of TorchScript", async () => {
  const { tensors } = await readWeights(`${folder}script_weights.pt`);
  const wanted = (await readWeights(`${folder}model_zip.pt`)).tensors;
  assertEquals([...tensors.keys()].toSorted(), [...wanted.keys()].toSorted());
  for (const [key, tensor] of wanted) assertEquals(tensors.get(key), tensor, key);
});

Deno.test("stateDicts: finds the tensors of parameters as PyTorch before 0.4 pickles them", () => {
  const parameter = new OpaqueObject("torch.nn.parameter.Parameter");
  parameter.state = [weight, true, dict({})];
  assertEquals(
    stateDicts(dict({ weight: parameter, other }))[0]!.tensors,
    new Map([["weight", weight], ["other", other]]),
  );
});

Deno.test("stateDicts: containers that contain themselves end", () => {
  const cyclic = new Map<TorchValue, TorchValue>([["weight", weight]]);
  cyclic.set("self", cyclic).set("list", [cyclic]);
  assertEquals(places(cyclic), [""]);
  const object = new OpaqueObject("torch.nn.Module");
  object.state = dict({
    _parameters: dict({ weight }),
    _buffers: dict({}),
    _modules: dict({ self: object }),
  });
  assert(stateDicts(object)[0]!.tensors.size < 100);
});

Deno.test("stateDicts: names the keys that it found instead of a state dict", async () => {
  const value = await readTorchFile(`${folder}no_tensors.pt`);
  const error = assertThrows(() => stateDicts(value), DataError);
  assertStringIncludes(error.message, "its keys are epoch, history");
  const hostile = await readTorchFile(`${folder}hostile_system.pt`);
  const { message } = assertThrows(() => stateDicts(hostile), DataError);
  assertEquals(
    message,
    "there is no state dict in it: its keys are weight; weight is posix.system, which cannot be read",
  );
  for (const other of [null, 3, [], new Map()]) {
    assertThrows(() => stateDicts(other as TorchValue), DataError);
  }
});
