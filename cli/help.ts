/** Help texts of the commands, for a terminal and for docs/cli.md. */

import type { Command, OptionRule } from "./command.ts";

/** The help that `--help` prints. */
export function helpText({ name, summary, examples, options }: Command): string {
  const rows = Object.entries(options).map(([option, rule]) =>
    [usage(option, rule), rule.help + defaultNote(rule)] as const
  );
  rows.push(["--help", "print this help"]);
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);
  return [`${name}: ${summary}`, "", ...lines, "", "Examples:", ...examples.map((example) => `  ${example}`)]
    .join("\n");
}

/** The contents of docs/cli.md: a section with a table of options for each command. */
export function cliReference(commands: readonly Command[]): string {
  const contents = commands.map(({ name, summary }) => `- [${name}](#${anchorOf(name)}): ${summary}`);
  return `# Command line reference

<!-- Made by scripts/write_cli_docs.ts from the option tables in cli/commands/ and bench/options.ts. Do not edit. -->

Run a command as \`./vqray COMMAND\`, from any folder. \`./vqray COMMAND --help\` prints what this page says about it.

Options may be spelled with underscores or dashes, and take their value as \`--name value\` or \`--name=value\`.
Flags that can be turned off are turned off by \`--no-name\`. A wrong option or value is reported on one line and ends the
command with exit code 2; bad data and failed runs end it with exit code 1.

${contents.join("\n")}

${commands.map(commandSection).join("\n")}`;
}

function commandSection({ name, summary, examples, options }: Command): string {
  const rows = Object.entries(options).map(([option, rule]) => {
    const fallback = rule.kind === "flag" || rule.default === undefined ? "" : `\`${rule.default}\``;
    return `| \`${usage(option, rule)}\` | ${fallback} | ${escapeCell(sentence(rule.help))} |`;
  });
  return `## ${name}

${sentence(summary)}

\`\`\`
${examples.join("\n")}
\`\`\`

| option | default | meaning |
|---|---|---|
${rows.join("\n")}
`;
}

/**
 * An option as it is typed: `--name VALUE`, `--name, --synonym VALUE`, or `--name, --no-name` for a flag that is on
 * by default.
 */
function usage(option: string, rule: OptionRule): string {
  if (rule.kind === "flag") return rule.default === true ? `--${option}, --no-${option}` : `--${option}`;
  const names = [option, ...rule.synonyms ?? []].map((name) => `--${name}`).join(", ");
  return `${names} ${rule.value ?? (rule.kind === "text" ? "TEXT" : "N")}`;
}

function defaultNote(rule: OptionRule): string {
  return rule.kind === "flag" || rule.default === undefined ? "" : ` (default: ${rule.default})`;
}

function sentence(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1) + ".";
}

/** A `|` would end the table's cell. */
function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** The anchor that GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^a-z0-9 _-]/g, "").replaceAll(" ", "-");
}
