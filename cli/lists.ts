/** Lists in the value of an option. */

/** The parts of a text that commas separate, without spaces around them. */
export function splitAtCommas(text: string): string[] {
  return text.split(",").map((part) => part.trim());
}
