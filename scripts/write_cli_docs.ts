/**
 * Writes docs/cli.md from the commands' option tables:
 *
 *   deno run --allow-read --allow-write scripts/write_cli_docs.ts
 *
 * A test compares the file with the tables.
 */

import { fileURLToPath } from "node:url";
import { benchCommands } from "../bench/options.ts";
import type { Command } from "../cli/command.ts";
import { mainCommands } from "../cli/commands/all.ts";
import { cliReference } from "../cli/help.ts";

/** Every command with options of its own, in the order of docs/cli.md. */
export const documentedCommands: readonly Command[] = [...mainCommands, ...benchCommands];

/** The file that this script writes. */
export const cliDocumentPath = fileURLToPath(new URL("../docs/cli.md", import.meta.url));

if (import.meta.main) await Deno.writeTextFile(cliDocumentPath, cliReference(documentedCommands));
