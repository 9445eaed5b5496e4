/** How JSON is written to files. */

/** JSON with an indentation of two spaces and a final line break. */
export function jsonText(json: Record<string, unknown>): string {
  return JSON.stringify(json, null, 2) + "\n";
}
