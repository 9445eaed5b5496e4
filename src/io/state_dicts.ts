/** State dicts in the values that `torch.save` wrote. */

import { DataError } from "../errors.ts";
import { type HostTensor, isTensor } from "./host_tensor.ts";
import { OpaqueObject } from "./pickle_machine.ts";
import { printable } from "./printable.ts";
import { keysText, type StateDict } from "./state_dict.ts";
import type { TorchValue } from "./torch.ts";

/** The names under which training scripts save weights, those to be preferred first. */
const usualNames = [
  ...["state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params"],
  ...["generator", "vqvae", "classifier"],
];

/** Names of averages of the weights over the training's steps, and of a training's other state. They come last. */
const averageNames = /ema|average|swa/i;
const otherNames = /optim|sched|scaler|grad/i;

const maxDepth = 6;
const maxVisits = 100_000;
const maxStateDicts = 64;

/**
 * The state dicts in a value, those to be preferred first. First come those under usual names, in this order:
 * `state_dict`, `model_state_dict`, `model`, `net`, `network`, `module`, `weights`, `params`, `generator`, `vqvae`,
 * `classifier`. Then come the value's own tensors, state dicts under other names, averages of weights such as `ema`,
 * and an optimizer's state. Among equals, the order of the file decides.
 *
 * @throws {DataError} if there is none; the message does not name a file
 */
export function stateDicts(value: TorchValue): StateDict[] {
  const found = collect(value);
  if (found.length > 0) return found.sort((first, second) => rank(first.place) - rank(second.place));
  const entries = value instanceof Map ? value : itemsOf(value) ?? attributesOf(value) ?? new Map();
  const keys = [...entries.keys()];
  const shown = keys.length > 0 ? `: its keys are ${keysText(keys)}` : "";
  const opaque = keys.find((key) => entries.get(key) instanceof OpaqueObject);
  const type = opaque === undefined ? "" : (entries.get(opaque) as OpaqueObject).type;
  const object = opaque === undefined
    ? ""
    : `; ${keysText([opaque])} is ${printable(type, 60)}, which cannot be read`;
  throw new DataError(`there is no state dict in it${shown}${object}`);
}

function rank(place: string): number {
  const usual = usualNames.indexOf(place.split(".")[0]!);
  if (otherNames.test(place)) return 400;
  if (averageNames.test(place)) return 300;
  if (place === "") return 100;
  return usual < 0 ? 200 : usual;
}

/** Searches containers level by level, so that cycles and deep nesting do no harm. */
function collect(root: TorchValue): StateDict[] {
  const found: StateDict[] = [];
  const seen = new Set<TorchValue>();
  let level: [place: string, value: TorchValue][] = [["", root]];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const [place, value] of level) {
      if (seen.has(value) || seen.size > maxVisits || found.length === maxStateDicts) continue;
      seen.add(value);
      const state = isModule(value) ? moduleState(value) : entriesOf(value);
      if (state && state.tensors.size > 0) found.push({ place, ...state });
      if (isModule(value)) continue;
      for (const [name, part] of partsOf(value)) {
        const inside = [place, name].filter((text) => text !== "").join(".");
        if (isContainer(part)) next.push([inside, part]);
      }
    }
    level = next;
  }
  return found;
}

type Entries = Pick<StateDict, "tensors" | "unreadable">;

function isContainer(value: TorchValue): boolean {
  return value instanceof Map || value instanceof OpaqueObject || Array.isArray(value);
}

/** The containers' names are short, so that the places of deep ones are. */
function* partsOf(value: TorchValue): Iterable<[name: string, part: TorchValue]> {
  if (Array.isArray(value)) {
    if (value.length <= 64) yield* value.map((part, index): [string, TorchValue] => [`${index}`, part]);
    return;
  }
  const items = value instanceof Map ? [value] : [itemsOf(value), attributesOf(value)];
  for (const map of items) {
    for (const [key, part] of map ?? []) {
      if (typeof key === "string") yield [printable(key, 40), part];
    }
  }
}

/** The tensors directly in a dict or an object's attributes. */
function entriesOf(value: TorchValue): Entries | undefined {
  const map = value instanceof Map ? value : itemsOf(value) ?? attributesOf(value);
  if (!map) return undefined;
  const entries: Entries = { tensors: new Map(), unreadable: new Map() };
  for (const [name, entry] of map) addEntry(entries, name, entry);
  return entries;
}

function addEntry({ tensors, unreadable }: Entries, name: TorchValue, entry: TorchValue): void {
  if (typeof name !== "string") return;
  const tensor = tensorIn(entry);
  if (tensor) tensors.set(name, tensor);
  else if (entry instanceof OpaqueObject) unreadable.set(name, entry.type);
}

/** A tensor, or that of a parameter of PyTorch before 0.4: (tensor, requires_grad, hooks). */
function tensorIn(entry: TorchValue): HostTensor | undefined {
  if (isTensor(entry)) return entry;
  const isParameter = entry instanceof OpaqueObject && /\.(Parameter|Variable)$/.test(entry.type);
  const [tensor] = isParameter && Array.isArray(entry.state) ? entry.state : [];
  return isTensor(tensor) ? tensor : undefined;
}

/** The items of an object whose class derives from dict. */
function itemsOf(value: TorchValue | undefined): Map<TorchValue, TorchValue> | undefined {
  return value instanceof OpaqueObject ? value.items as Map<TorchValue, TorchValue> | undefined : undefined;
}

/** An object's attributes. Those of a class with slots are the second of two. */
function attributesOf(value: TorchValue | undefined): Map<TorchValue, TorchValue> | undefined {
  if (!(value instanceof OpaqueObject)) return undefined;
  const states = Array.isArray(value.state) ? value.state : [value.state];
  return states.find((state) => state instanceof Map);
}

function isModule(value: TorchValue): boolean {
  const attributes = attributesOf(value);
  if (isScript(value)) return attributes !== undefined;
  return attributes?.get("_modules") instanceof Map && attributes.get("_parameters") instanceof Map;
}

/** Whether a value is a module of TorchScript, whose attributes are its tensors and the modules inside. */
function isScript(value: TorchValue | undefined): boolean {
  return value instanceof OpaqueObject && value.type.startsWith("__torch__.");
}

/**
 * The tensors of a pickled module, under the names that `Module.state_dict()` gives them: parameters, then buffers that
 * are not marked as temporary, then the modules inside.
 */
function moduleState(root: TorchValue): Entries {
  const entries: Entries = { tensors: new Map(), unreadable: new Map() };
  // The modules around each module, so that one that contains itself ends the search.
  const pending: { prefix: string; module: TorchValue; depth: number }[] = [{
    prefix: "",
    module: root,
    depth: 0,
  }];
  let visits = 0;
  for (let next = pending.pop(); next && visits < maxVisits; next = pending.pop()) {
    const { prefix, module, depth } = next;
    const attributes = attributesOf(module);
    if (!attributes) continue;
    visits++;
    const temporary = attributes.get("_non_persistent_buffers_set");
    if (isScript(module)) {
      for (const [name, entry] of attributes) if (!isScript(entry)) addEntry(entries, prefix + name, entry);
    }
    for (const kind of ["_parameters", "_buffers"]) {
      for (const [name, entry] of mapOf(attributes.get(kind))) {
        if (
          typeof name !== "string" || (kind === "_buffers" && temporary instanceof Set && temporary.has(name))
        ) {
          continue;
        }
        addEntry(entries, prefix + name, entry);
      }
    }
    if (depth > 32) continue;
    const scripts = isScript(module) ? [...attributes].filter(([, part]) => isScript(part)) : [];
    const inside = [...scripts, ...mapOf(attributes.get("_modules"))].reverse();
    for (const [name, part] of inside) {
      if (typeof name === "string" && name.length <= 200) {
        pending.push({ prefix: `${prefix}${name}.`, module: part, depth: depth + 1 });
      }
    }
  }
  return entries;
}

function mapOf(value: TorchValue | undefined): ReadonlyMap<TorchValue, TorchValue> {
  return value instanceof Map ? value : itemsOf(value) ?? new Map();
}
