/** The adapters that the system offers, and the choice of one. */

import { DataError, UsageError } from "../errors.ts";
import { missingAdapterMessage } from "./platform.ts";

/** An adapter as the command line lists it. */
export interface AdapterDescription {
  /** Its position in the list. */
  index: number;
  name: string;
  vendor: string;
  /** True if it computes on the processor. */
  software: boolean;
}

/** An adapter with its description. */
export interface FoundAdapter {
  adapter: GPUAdapter;
  description: AdapterDescription;
}

const requests: GPURequestAdapterOptions[] = [
  { powerPreference: "high-performance" },
  { powerPreference: "low-power" },
  { forceFallbackAdapter: true },
];

async function findAdapters(): Promise<FoundAdapter[]> {
  const adapters: GPUAdapter[] = [];
  for (const options of requests) {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter(options);
    if (adapter && !adapters.some((other) => isSameAdapter(other, adapter))) adapters.push(adapter);
  }
  return adapters.map((adapter, index) => ({ adapter, description: describe(adapter, index) }));
}

function isSameAdapter(first: GPUAdapter, second: GPUAdapter): boolean {
  const key = ({ info }: GPUAdapter) => [info.vendor, info.device, info.description].join();
  return key(first) === key(second);
}

function describe({ info }: GPUAdapter, index: number): AdapterDescription {
  return {
    index,
    // Browsers hide the device's name from pages.
    name: info.description || info.device || `${info.vendor} ${info.architecture}`.trim() || "unnamed",
    vendor: info.vendor,
    software: info.isFallbackAdapter ?? false,
  };
}

/** The adapters that the system offers, the fastest first. */
export async function listAdapters(): Promise<AdapterDescription[]> {
  return (await findAdapters()).map(({ description }) => description);
}

/**
 * Finds an adapter by its index in the list or by a part of its name; the fastest one by default.
 *
 * @throws {DataError} if the system offers no adapter
 * @throws {UsageError} if none has that index or name
 */
export async function findAdapter(wanted?: string): Promise<FoundAdapter> {
  const found = await findAdapters();
  if (found.length === 0) throw new DataError(missingAdapterMessage());
  if (wanted === undefined) return found[0]!;
  const index = Number(/^\d+$/.exec(wanted)?.[0]);
  const chosen = found.find(({ description: { index: each, name } }) =>
    Number.isNaN(index) ? name.toLowerCase().includes(wanted.toLowerCase()) : each === index
  );
  if (!chosen) {
    const list = found.map(({ description: { index, name } }) => `${index}: ${name}`).join(", ");
    throw new UsageError(`--adapter ${wanted}: no such adapter; there are ${list}`);
  }
  return chosen;
}
