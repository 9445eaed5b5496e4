/** Lists of names in one text. */

/** The names in a text: one on each line, or with commas between them. */
export function splitNames(text: string): string[] {
  const trimmed = text.trim();
  return trimmed.split(trimmed.includes("\n") ? "\n" : ",");
}
