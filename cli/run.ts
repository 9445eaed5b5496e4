/** How every command ends: an error becomes one line on standard error, and an exit code. */

import { DataError, UsageError } from "../src/errors.ts";

/** Runs a command and exits with the code that it returns, 2 after a `UsageError`, or 1 after any other error. */
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
  // Any other error is a bug in vqray; its class helps whoever reports it.
  const text = isExpected ? error.message : `${error.name}: ${error.message}`;
  return text.split("\n").map((line) => line.trim()).filter((line) => line).join(" ");
}
