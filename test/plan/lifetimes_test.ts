/**
 * Values that are alive at the same time never share memory: lifetimes are computed independently from the graph and
 * compared with whole plans.
 */

import { assert, assertEquals } from "@std/assert";
import { type DispatchRequest, type Operand, Scratch, type Target } from "../../src/graph/lowering.ts";
import { ancestors, type Tensor } from "../../src/graph/tensor.ts";
import { defaultConfiguration } from "../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../src/models/vqvae/model.ts";
import { Adam } from "../../src/optim/adam.ts";
import { epilogue, fuse, type Group } from "../../src/plan/fuse.ts";
import { lowerNode } from "../../src/plan/lower.ts";
import { type Location, plan, type Program } from "../../src/plan/plan.ts";
import { evaluationProgram, pictureProgram, trainingProgram } from "../../src/train/vqvae/program.ts";
import { cardTarget, softwareTarget } from "./targets.ts";

function requestsOf(root: Tensor, target: Target): DispatchRequest[] {
  const requests: DispatchRequest[] = [];
  lowerNode(root, target, (request) => requests.push(request));
  return requests;
}

/** The operands of each dispatch of a group, by the kernel's names. */
function operandsByName(group: Group, target: Target): Record<string, Operand>[] {
  return requestsOf(group.root, target).map((request) => {
    if (!request.epilogue) return request.bindings;
    const bindings = { ...request.bindings };
    for (const [name, operand] of Object.entries(bindings)) {
      if (operand === group.root) bindings[name] = group.result;
    }
    epilogue(group, 0).operands.forEach((operand, index) => bindings[`operand${index}`] = operand);
    return bindings;
  });
}

/** A value, its location, and its lifetime: from the dispatch that computes it to the last that reads it. */
interface Tenant {
  label: string;
  location: Location;
  first: number;
  last: number;
  isScratch: boolean;
}

/** The values in the plan's own buffers. */
function tenantsOf(program: Program, target: Target): Tenant[] {
  const { results = [], effects = [], arenas = [] } = program;
  const kept = new Set([...results, ...effects, ...arenas.flatMap(({ members }) => members)]);
  const nodes = ancestors([...results, ...effects]).filter(({ operation }) => !operation.persistent);
  const groups = fuse(nodes, kept, (root) => requestsOf(root, target).at(-1)?.epilogue === true);
  const operands = groups.flatMap((group) => operandsByName(group, target));
  const { dispatches, buffers } = plan(program, target);
  assertEquals(dispatches.length, operands.length);
  const tenants = new Map<Operand, Tenant>();
  dispatches.forEach(({ bindings, label, variant }, step) => {
    for (const { name, location } of bindings) {
      if (buffers[location.buffer]!.owner) continue;
      const operand = operands[step]![name]!;
      const access = variant.bindings.find((binding) => binding.name === name)!.access;
      assert(
        access === "read_write" || tenants.has(operand),
        `${label}: ${name} is read before it is written`,
      );
      const tenant = tenants.get(operand) ??
        { label, location, first: step, last: step, isScratch: operand instanceof Scratch };
      assertEquals(tenant.location, location, `${label}: ${name} has moved`);
      tenant.last = step;
      tenants.set(operand, tenant);
    }
  });
  for (const result of results) {
    const tenant = tenants.get(result);
    if (tenant) tenant.last = dispatches.length;
  }
  return [...tenants.values()];
}

const configurations = [
  { name: "default", configuration: defaultConfiguration, shape: [8, 3, 64, 64] as const },
  {
    name: "strides 8 and 4",
    configuration: { ...defaultConfiguration, channel: 32, embed_dim: 6, first_stride: 8, second_stride: 4 },
    shape: [2, 3, 96, 64] as const,
  },
];

for (const { name, configuration, shape } of configurations) {
  for (const [adapter, target] of [["software", softwareTarget], ["card", cardTarget]] as const) {
    Deno.test(`live values never overlap: ${name} model, ${adapter} target`, () => {
      const model = new Vqvae(configuration);
      const optimizer = new Adam(model.set.parameters);
      const programs = [
        trainingProgram(model, optimizer, shape, { restart: 1 }).program,
        evaluationProgram(model, optimizer, shape).program,
        pictureProgram(model, optimizer, shape).program,
      ];
      let withScratch = 0;
      for (const program of programs) {
        const tenants = tenantsOf(program, target);
        if (tenants.some(({ isScratch }) => isScratch)) withScratch++;
        assert(tenants.length > 50);
        tenants.forEach((one, index) => {
          for (const other of tenants.slice(0, index)) {
            const apart = one.last < other.first || other.last < one.first ||
              one.location.buffer !== other.location.buffer;
            assert(
              apart,
              `${one.label} (${one.first} to ${one.last}) overlaps ${other.label} (to ${other.last})`,
            );
          }
        });
      }
      assert(
        withScratch >= 2,
        "values that live for one node only are among them, in training and in evaluation",
      );
    });
  }
}
