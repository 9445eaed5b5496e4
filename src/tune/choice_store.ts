/** The tuner's measurements on disk: one file for each adapter, driver and version of Deno. */

import { join } from "node:path";
import { DataError } from "../errors.ts";
import type { AdapterDescription } from "../gpu/device.ts";
import { writeFileAtomic } from "../io/atomic.ts";
import { parseJson } from "../io/strict_json.ts";
import { keyOf } from "../random.ts";

const format = "vqray kernels 1";

/** What was measured for a class of shapes. */
export interface Finding {
  /** The fastest variant. */
  variant: string;
  /** A hash of the kernels that were compared. */
  source: string;
  /** The time of each variant that was compared. */
  milliseconds: Record<string, number>;
}

interface Content {
  format: typeof format;
  adapter: string;
  driver: string;
  deno: string;
  findings: Record<string, Finding>;
}

/** The findings of one adapter, and the file that keeps them. */
export class ChoiceStore {
  private constructor(
    readonly path: string,
    private readonly identity: Omit<Content, "findings" | "format">,
    private findings: Record<string, Finding>,
  ) {}

  /**
   * Reads the adapter's file in `folder`. A file that is missing, damaged or of another format counts as empty.
   *
   * @throws {DataError} if the file cannot be read
   */
  static async open(folder: string, { name, vendor }: AdapterDescription): Promise<ChoiceStore> {
    const identity = { adapter: `${name}, ${vendor}`, driver: await driverOf(), deno: Deno.version.deno };
    const key = keyOf(JSON.stringify(identity)).toString(16).padStart(8, "0");
    const words = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, 40);
    const path = join(folder, `kernels-${words}-${key}.json`);
    return new ChoiceStore(path, identity, await readFindings(path));
  }

  /** The finding for a class of shapes, unless its kernels have changed since. */
  find(shapeClass: string, source: string): Finding | undefined {
    const finding = this.findings[shapeClass];
    return finding?.source === source ? finding : undefined;
  }

  /** Adds findings to the file, and keeps those that other runs have added meanwhile. */
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
    // What a damaged file held is measured again.
    if (error instanceof Deno.errors.NotFound || error instanceof DataError) return {};
    throw new DataError(`${path}: what was measured earlier cannot be read: ${(error as Error).message}`);
  }
}

/**
 * A hash that changes with the driver. WebGPU does not report its version, so the system's files about drivers are
 * hashed.
 */
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
