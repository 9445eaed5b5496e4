/** How every command begins and ends: one line for what went wrong, and the exit code that goes with it. */

import { DataError, UsageError } from "../src/errors.ts";

/** Runs a command; exits with its code, 2 for a wrong call, 1 for bad data or a failed run. */
export async function run(main: () => Promise<number | void>): Promise<never> {
  try {
    Deno.exit(await main() ?? 0);
  } catch (error) {
    console.error(`vqray: ${describe(error)}`);
    Deno.exit(error instanceof UsageError ? 2 : 1);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isExpected = error instanceof UsageError || error instanceof DataError;
  // What nobody foresaw is a fault of ours: its kind helps whoever reports it.
  const text = isExpected ? error.message : `${error.name}: ${error.message}`;
  return text.split("\n").map((line) => line.trim()).filter((line) => line).join(" ");
}
