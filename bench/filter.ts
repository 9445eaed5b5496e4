/** Matching of rows and sections with `--filter`. */

const sections = { ceiling: /^ceiling/i, kernel: /^kernel/i, step: /^step|\bbatch\b/i } as const;

/** The benchmark's parts. */
export type Section = keyof typeof sections;

/** Whether a row with these words contains the filter's text, ignoring case; × may be typed as x. */
export function matches(filter: string | undefined, ...words: string[]): boolean {
  const plain = (text: string) => text.toLowerCase().replaceAll("×", "x");
  return filter === undefined || plain(words.join(" ")).includes(plain(filter));
}

/** Whether a section can have matching rows: a filter that names a section excludes the others. */
export function wantsSection(filter: string | undefined, section: Section): boolean {
  const named = Object.entries(sections).filter(([, pattern]) =>
    filter !== undefined && pattern.test(filter)
  );
  return named.length === 0 || named.some(([name]) => name === section);
}
