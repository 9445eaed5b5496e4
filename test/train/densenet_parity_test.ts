/** Classifier training against torchvision: logits, losses, gradients and running statistics. */

import { assert, assertEquals } from "@std/assert";
import { Gpu } from "../../src/gpu/device.ts";
import { Executor } from "../../src/gpu/executor.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { floatType } from "../../src/graph/layout.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { toFloat32 } from "../../src/io/host_tensor.ts";
import { readWeights } from "../../src/io/weights_file.ts";
import { Densenet } from "../../src/models/densenet/model.ts";
import { channelsLast } from "../../src/ops/channels.ts";
import { gradients } from "../../src/ops/gradient.ts";
import { logisticLoss } from "../../src/ops/logistic_loss.ts";
import { variable } from "../../src/ops/variable.ts";
import { Adam, defaultAdam, stepInput } from "../../src/optim/adam.ts";
import { plan, type Program } from "../../src/plan/plan.ts";
import {
  type Checksum,
  checksum,
  checksumError,
  type GoldenArray,
  goldenError,
  goldenPath,
} from "../golden/read.ts";
import {
  densenetBatch,
  type DensenetGolden,
  densenetState,
  readDensenetGoldens,
} from "../golden/read_densenet.ts";

type State = Map<string, Float32Array<ArrayBuffer>>;

/** A model with its optimizer on a GPU, and the inputs of its programs. */
class Subject {
  readonly memory: Memory;
  readonly model: Densenet;
  readonly optimizer: Adam;
  private readonly step = stepInput();
  private readonly inputs: Tensor;
  private readonly positive: Tensor;
  private readonly negative: Tensor;
  private readonly executors: Executor[] = [];

  constructor(readonly gpu: Gpu, private readonly golden: DensenetGolden, side: number) {
    const { configuration, batch, weight_decay: weightDecay } = golden;
    this.memory = new Memory(gpu);
    this.model = new Densenet(configuration);
    this.optimizer = new Adam(this.model.set.parameters, { ...defaultAdam, weightDecay });
    this.inputs = variable(floatType([batch, configuration.latent_channels || 3, side, side]), "inputs");
    const labels = floatType([batch, configuration.n_classes, 1, 1], "channels_last");
    this.positive = variable(labels, "positive");
    this.negative = variable(labels, "negative");
  }

  private async load(program: Program): Promise<Executor> {
    const executor = await Executor.load(plan(program, this.gpu.target), this.memory);
    this.executors.push(executor);
    return executor;
  }

  /** The logits with the running statistics. */
  async evaluation(): Promise<{ run(): Promise<ArrayLike<number>> }> {
    const logits = this.model.forward(channelsLast(this.inputs), "evaluate");
    const executor = await this.load({ results: [logits], arenas: [this.optimizer.parameters] });
    return {
      run: async () => {
        executor.run();
        return (await executor.read([logits]))[0]!;
      },
    };
  }

  /** A training step. Logits, loss and gradients are those before its update. */
  async training() {
    const logits = this.model.forward(channelsLast(this.inputs), "train");
    const loss = logisticLoss(logits, this.positive, this.negative);
    const weights = this.model.set.parameters.map(({ tensor }) => tensor);
    const ofWeights = gradients(loss, weights);
    const { effect, arenas } = this.optimizer.apply(this.step, this.optimizer.gather(ofWeights));
    const executor = await this.load({ results: [logits, loss], effects: [effect], arenas });
    return {
      run: async () => {
        executor.run();
        const [logitsRead, lossRead] = await executor.read([logits, loss]);
        return { logits: logitsRead!, loss: lossRead![0]! };
      },
      gradients: () => this.memory.read(ofWeights),
    };
  }

  /** Uploads the inputs of step `index` (from 0). */
  async feed(index: number): Promise<void> {
    const { inputs, labels } = await densenetBatch(this.golden, index);
    this.memory.write(this.inputs, inputs);
    this.memory.write(this.positive, labels.map((label) => label / labels.length));
    this.memory.write(this.negative, labels.map((label) => (1 - label) / labels.length));
    const scalars = this.optimizer.stepScalars(index + 1, this.golden.learning_rate);
    this.memory.write(this.step, Float32Array.of(...scalars, index, 0));
  }

  close(): void {
    for (const executor of this.executors) executor.destroy();
    this.memory.destroy();
    assertEquals(this.gpu.allocated, { bytes: 0, buffers: 0 });
    this.gpu.close();
  }
}

/** Asserts that all errors are below `limit`; the message lists the others, in the order of the model. */
function assertClose(what: string, errors: readonly (readonly [string, number])[], limit: number): void {
  const off = errors.filter(([, error]) => !(error < limit)).map(([key, error]) => `${key} by ${error}`);
  assert(
    off.length === 0,
    `${what}: ${off.length} of ${errors.length} are off: ${off.slice(0, 8).join(", ")}`,
  );
}

/** The norm of the difference, relative to that of the golden, which has all values. */
function relativeError({ values, sumOfSquares }: GoldenArray, actual: ArrayLike<number>): number {
  const squares = values.reduce((sum, value, index) => sum + (value - actual[index]!) ** 2, 0);
  return values.length === actual.length ? Math.sqrt(squares / sumOfSquares) : Infinity;
}

async function compare(golden: DensenetGolden, state: State, subgroups: boolean): Promise<void> {
  const subject = new Subject(await Gpu.open({ subgroups }), golden, (await densenetBatch(golden, 0)).side);
  const { set } = subject.model;
  const [evaluation, training] = [await subject.evaluation(), await subject.training()];
  for (const { key, tensor } of set.all) subject.memory.write(tensor, state.get(key)!);

  const statistics = async (of: (golden: DensenetGolden["buffers"][number]) => Checksum) => {
    const values = await subject.memory.read(set.buffers.map(({ tensor }) => tensor));
    const wanted = new Map(golden.buffers.map((buffer) => [buffer.name, of(buffer)]));
    return set.buffers.map(({ key }, at) =>
      [key, checksumError(wanted.get(key)!, checksum(key, values[at]!))] as const
    );
  };

  await subject.feed(0);
  assertClose("evaluation", [["logits", goldenError(golden.evaluation, await evaluation.run())]], 1e-4);
  assertClose("statistics after evaluation", await statistics(({ initial }) => initial), 1e-6);
  for (const [index, wanted] of golden.losses.entries()) {
    await subject.feed(index);
    const { logits, loss } = await training.run();
    assertClose(`step ${index + 1}`, [["loss", Math.abs(loss - wanted) / wanted]], 1e-3);
    if (index > 0) continue;
    assertClose("first step", [["loss", Math.abs(loss - wanted) / wanted]], 1e-5);
    assertClose("first step", [["logits", goldenError(golden.logits, logits)]], 1e-4);
    const values = await training.gradients();
    const errors = set.parameters.map(({ key }, at) => {
      const parameter = golden.parameters.find(({ name }) => name === key)!;
      const error = parameter.values
        ? relativeError(parameter.values, values[at]!)
        : checksumError(parameter.gradient, checksum(key, values[at]!));
      return [key, error] as const;
    });
    assertClose("gradients", errors, 1e-4);
    assertClose("statistics after the first step", await statistics(({ first }) => first), 1e-4);
  }
  assertClose("statistics after the last step", await statistics(({ final }) => final), 1e-3);
  subject.close();
}

async function stateInFile(name: string): Promise<State> {
  const { tensors } = await readWeights(goldenPath(name).pathname);
  return new Map([...tensors].map(([key, tensor]) => [key, toFloat32(tensor)]));
}

for (const golden of await readDensenetGoldens()) {
  for (const subgroups of [true, false]) {
    const kernels = subgroups ? "" : ", kernels without subgroups";
    for (const { name } of golden.files) {
      Deno.test(`training equals PyTorch: ${golden.name}, ${name}${kernels}`, async () =>
        await compare(golden, await stateInFile(name), subgroups));
    }
    if (golden.files.length > 0) continue;
    Deno.test(`training equals PyTorch: ${golden.name}${kernels}`, () =>
      compare(golden, densenetState(golden), subgroups));
  }
}
