/** What the tuner has found, on disk: one file for each adapter with its driver. */

import { join } from "node:path";
import { DataError } from "../errors.ts";
import type { AdapterDescription } from "../gpu/device.ts";
import { writeFileAtomic } from "../io/atomic.ts";
import { parseJson } from "../io/strict_json.ts";
import { keyOf } from "../random.ts";

const format = "vqray kernels 1";

/** The fastest variant of a class of shapes. */
export interface Finding {
  variant: string;
  /** Tells the kernels that were compared from later ones. */
  source: string;
  /** Of each variant that was compared. */
  milliseconds: Record<string, number>;
}

interface Content {
  format: typeof format;
  adapter: string;
  driver: string;
  deno: string;
  findings: Record<string, Finding>;
}

/** Where an adapter's findings are kept, and what they are. */
export class ChoiceStore {
  private constructor(
    readonly path: string,
    private readonly identity: Omit<Content, "findings" | "format">,
    private findings: Record<string, Finding>,
  ) {}

  /** Reads the file of an adapter in `folder`; a missing one, or one of another format, holds nothing. */
  static async open(folder: string, { name, vendor }: AdapterDescription): Promise<ChoiceStore> {
    const identity = { adapter: `${name}, ${vendor}`, driver: await driverOf(), deno: Deno.version.deno };
    const key = keyOf(JSON.stringify(identity)).toString(16).padStart(8, "0");
    const words = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, 40);
    const path = join(folder, `kernels-${words}-${key}.json`);
    return new ChoiceStore(path, identity, await readFindings(path));
  }

  /** What was found for a class, unless its kernels have changed since. */
  find(shapeClass: string, source: string): Finding | undefined {
    const finding = this.findings[shapeClass];
    return finding?.source === source ? finding : undefined;
  }

  /** Adds findings to the file. What another run has added meanwhile stays. */
  async add(findings: Record<string, Finding>): Promise<void> {
    this.findings = { ...await readFindings(this.path), ...findings };
    const content: Content = { format, ...this.identity, findings: this.findings };
    await writeFileAtomic(this.path, JSON.stringify(content, null, 1) + "\n", { makeFolder: true });
  }
}

async function readFindings(path: string): Promise<Record<string, Finding>> {
  try {
    const content = parseJson(await Deno.readFile(path), path) as Content;
    return content.format === format ? content.findings : {};
  } catch (error) {
    // A file that is damaged is measured anew.
    if (error instanceof Deno.errors.NotFound || error instanceof DataError) return {};
    throw new DataError(`${path}: what was measured earlier cannot be read: ${(error as Error).message}`);
  }
}

/** Changes with the driver: WebGPU does not tell its version, so what the system says of it is taken together. */
async function driverOf(): Promise<string> {
  const files = ["/sys/module/nvidia/version", "/sys/module/amdgpu/version"];
  for (const folder of ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"]) {
    files.push(...(await namesIn(folder)).map((name) => join(folder, name)));
  }
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(file).catch(() => "")));
  return keyOf(texts.join("\n")).toString(16).padStart(8, "0");
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  } catch {
    return [];
  }
}
