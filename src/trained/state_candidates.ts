/** Finds a model's tensors among the state dicts of a file, whatever prefix their keys have. */

import { DataError } from "../errors.ts";
import type { HostTensor } from "../io/host_tensor.ts";
import { printable } from "../io/printable.ts";
import { keysText, type StateDict } from "../io/state_dict.ts";

/** The tensors of a state dict whose keys begin with a prefix. */
export interface Candidate {
  /** The state dict's place in the file; "" if it is the whole content. */
  place: string;
  /** The prefix, such as "model."; "" if there is none. */
  prefix: string;
  /** The tensors with the prefix, by their keys without it. */
  tensors: Map<string, HostTensor>;
  /** Entries with the prefix that cannot be read, by their keys without it, each with what it is. */
  unreadable: Map<string, string>;
  /** The tensors of the same state dict without the prefix. */
  others: Map<string, HostTensor>;
  /** The number of expected keys that it has. */
  hits: number;
}

/**
 * Names that wrappers of modules insert into keys: DataParallel's `module`, torch.compile's `_orig_mod`, and those of
 * FSDP and of checkpointed activations. No model here has such a name.
 */
const wrappers = new Set(["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"]);

const maxParts = 32;
const maxPrefixes = 8;

/**
 * The candidates for a model in the state dicts of a file: those to be preferred first, by the order of the state
 * dicts, then by the number of expected keys, then by the order of keys.
 *
 * @param expected the model's keys
 */
export function findCandidates(states: readonly StateDict[], expected: ReadonlySet<string>): Candidate[] {
  return states.flatMap((state) => {
    const { place, tensors, unreadable } = withoutWrappers(state);
    const prefixes = countPrefixes([...tensors.keys(), ...unreadable.keys()], expected);
    return [...prefixes].sort(([, first], [, second]) => second - first).slice(0, maxPrefixes)
      .map(([prefix, hits]): Candidate => {
        const [inside, others] = split(tensors, prefix);
        return { place, prefix, tensors: inside, others, unreadable: split(unreadable, prefix)[0], hits };
      });
  });
}

/** How many of the keys are an expected key after each prefix. */
function countPrefixes(keys: readonly string[], expected: ReadonlySet<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) {
    if (key.length > 512) continue;
    let at = 0;
    for (let part = 0; part < maxParts; part++) {
      if (expected.has(key.slice(at))) counts.set(key.slice(0, at), (counts.get(key.slice(0, at)) ?? 0) + 1);
      at = key.indexOf(".", at) + 1;
      if (at === 0) break;
    }
  }
  return counts;
}

function split<T>(entries: ReadonlyMap<string, T>, prefix: string): [Map<string, T>, Map<string, T>] {
  const inside = new Map<string, T>();
  const others = new Map<string, T>();
  for (const [key, entry] of entries) {
    if (key.startsWith(prefix)) inside.set(key.slice(prefix.length), entry);
    else others.set(key, entry);
  }
  return [inside, others];
}

/** Removes the names of wrappers from all keys, unless two keys would be equal then. */
function withoutWrappers({ place, tensors, unreadable }: StateDict): StateDict {
  const rename = <T>(entries: Map<string, T>) =>
    new Map([...entries].map(([key, entry]) => {
      if (key.length > 512) return [key, entry];
      return [key.split(".").filter((part) => !wrappers.has(part)).join("."), entry];
    }));
  const renamed = { place, tensors: rename(tensors), unreadable: rename(unreadable) };
  const isUnique = renamed.tensors.size === tensors.size && renamed.unreadable.size === unreadable.size;
  return isUnique ? renamed : { place, tensors, unreadable };
}

/** The chosen candidate, what `fit` made of it, and notes for the user about the choice. */
export interface Choice<T> {
  value: T;
  notes: string[];
}

/**
 * The first candidate that fits. If several fit, or tensors outside of the prefix are left out, the notes say so.
 *
 * @param expected the model's keys, for candidates and messages
 * @param fit makes a model of a candidate
 * @param path the file, with which notes and messages begin
 * @throws {DataError} if none fits: the error that `fit` throws for the best candidate, and what the file holds instead
 */
export function chooseCandidate<T>(
  states: readonly StateDict[],
  expected: ReadonlySet<string>,
  fit: (candidate: Candidate) => T,
  path: string,
): Choice<T> {
  const candidates = findCandidates(states, expected);
  const fitting: { candidate: Candidate; value: T }[] = [];
  const failures: { candidate: Candidate; error: Error }[] = [];
  for (const candidate of candidates) {
    try {
      fitting.push({ candidate, value: fit(candidate) });
    } catch (error) {
      // What is thrown for a candidate is about its tensors, or the configuration that follows from them.
      if (!(error instanceof Error) || error instanceof TypeError) throw error;
      failures.push({ candidate, error });
    }
  }
  const [chosen] = fitting;
  if (!chosen) throw new DataError(refusal(states, candidates, failures, expected, path));
  const notes: string[] = [];
  if (fitting.length > 1) {
    const names = fitting.map(({ candidate }) => nameOf(candidate));
    notes.push(`${path}: several sets of weights fit: ${list(names)}; ${names[0]} is used`);
  }
  const { others } = chosen.candidate;
  if (others.size > 0) {
    notes.push(
      `${path}: ${others.size} ${others.size === 1 ? "tensor is" : "tensors are"} left out, which no key ` +
        `with the prefix ${chosen.candidate.prefix} names, such as ${printable([...others.keys()][0]!, 60)}`,
    );
  }
  return { value: chosen.value, notes };
}

function nameOf({ place, prefix }: Candidate): string {
  const names = [place === "" ? [] : [place], prefix === "" ? [] : [`prefix ${prefix}`]].flat();
  return printable(names.join(", ") || "the whole file", 60);
}

function list(names: readonly string[]): string {
  return printable(names.map((name) => `"${name}"`).join(", "), 200);
}

function refusal(
  states: readonly StateDict[],
  candidates: readonly Candidate[],
  failures: readonly { candidate: Candidate; error: Error }[],
  expected: ReadonlySet<string>,
  path: string,
): string {
  const [first, second] = expected;
  if (candidates.length === 0) {
    const keys = states.flatMap(({ tensors, unreadable }) => [...tensors.keys(), ...unreadable.keys()]);
    const found = keys.length === 0 ? "no tensors" : `${keys.length} tensors: ${keysText(keys)}`;
    return `${path}: weights of another model: expected keys such as ${first}, ${second}; found ${found}`;
  }
  const { candidate, error } = failures.reduce((best, each) =>
    each.candidate.hits > best.candidate.hits ? each : best
  );
  const { place, prefix, hits, unreadable } = candidate;
  const [bad] = [...unreadable].filter(([key]) => expected.has(key));
  const reason = error.message.startsWith(`${path}: `) ? error.message : `${path}: ${error.message}`;
  const where = prefix === "" ? "without a prefix" : `with the nearest prefix, ${printable(prefix, 60)}`;
  return `${reason}; ${hits} of its keys fit ${where}` +
    (place === "" ? "" : `, in ${printable(place, 60)}`) +
    (bad ? `; ${printable(bad[0], 60)} is ${printable(bad[1], 60)}, which cannot be read as a tensor` : "");
}
