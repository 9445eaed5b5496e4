/**
 * Prints the table of operation cases as JSON for make.py: `deno run test/golden/export_cases.ts >
 * test/golden/cases.json`.
 */

import { operationCases } from "../operation_cases.ts";

const lines = operationCases.map(({ operation, name, inputs, attributes, golden }) =>
  JSON.stringify({ operation, name, inputs, attributes, golden })
);
console.log(`[\n${lines.join(",\n")}\n]`);
