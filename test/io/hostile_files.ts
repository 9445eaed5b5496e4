/** Files of weights that ask for code to run, for more work or more memory than they are worth, or for both. */

import { randomBits } from "../../src/random.ts";
import { archives, headers, views } from "./hostile_archives.ts";
import { calls } from "./hostile_calls.ts";
import type { HostileFile } from "./hostile_kind.ts";
import { beside } from "./hostile_values.ts";
import {
  call,
  dict,
  global,
  integer,
  type Part,
  pickle,
  tensor,
  text,
  torchLegacy,
  torchZip,
} from "./torch_builder.ts";

const weights = dict(["weight", tensor()]);

/** Pickles of random operations, with the right CRC-32. */
function randomPickles(count: number): HostileFile[] {
  const codes = [..."N\x88\x89KMJG\x8a\x8cX)\x85\x86\x87t]laed}su\x8f\x90\x91(012hjqr\x94c\x93R\x81\x92obQ"];
  const names = [
    "torch._utils._rebuild_tensor_v2",
    "collections.OrderedDict",
    "os.system",
    "torch.FloatStorage",
    "builtins.list",
  ];
  return Array.from({ length: count }, (_, index): HostileFile => ({
    name: `random operations ${index}`,
    must: "end",
    make() {
      const parts: Part[] = [weights, "q\x01"];
      for (let step = 0; step < 40; step++) {
        const bits = randomBits(index, step);
        const choice = bits % (codes.length + names.length);
        if (choice >= codes.length) parts.push(global(names[choice - codes.length]!));
        else parts.push(codes[choice]!, bits >>> 16 & 1 ? integer(bits >>> 24 & 3, 1) : "");
      }
      return torchZip(pickle(...parts, "h\x01"));
    },
  }));
}

/** All files. */
export function hostileFiles(): HostileFile[] {
  const around = (value: () => Part) => () =>
    pickle(weights, "q\x090}(", text("state_dict"), "h\x09", text("a"), value(), "u");
  const instead = (value: Part) => pickle(dict(["weight", value]));
  return [
    ...calls.flatMap(([name, ...args]): HostileFile[] => [
      {
        name: `${name} beside the weights`,
        must: "read",
        make: () => torchZip(around(() => call(name, ...args))()),
      },
      {
        name: `${name} for a weight`,
        must: "refuse",
        make: () => torchLegacy(instead(call(name, ...args)), new Uint8Array(), [], 0),
      },
    ]),
    ...Object.entries(beside).flatMap(([name, [value, must = "read"]]): HostileFile[] => [
      { name, must, make: () => torchZip(around(value)()) },
      { name: `${name}, legacy`, must, make: () => torchLegacy(around(value)()) },
    ]),
    ...views(),
    ...archives(),
    ...headers(),
    ...randomPickles(60),
  ];
}
