/** Collects what is wrong with image files that can be read nevertheless. */

/** Kinds of warnings that are printed; more are only counted. */
const MOST_KINDS = 20;

/** Counts files by warning. */
export class FileWarnings {
  private readonly kinds = new Map<string, { files: number; first: string }>();

  /** Counts the warnings of a file, each kind once. */
  add(path: string, warnings: readonly string[]): void {
    for (const text of new Set(warnings)) {
      const kind = this.kinds.get(text) ?? { files: 0, first: path };
      kind.files++;
      this.kinds.set(text, kind);
    }
  }

  /** A line for each kind of warning, the most frequent first. */
  lines(): string[] {
    const sorted = [...this.kinds].sort(([, one], [, other]) => other.files - one.files);
    const lines = sorted.slice(0, MOST_KINDS).map(([text, { files, first }]) =>
      files === 1 ? `${first}: ${text}` : `${first} and ${files - 1} more: ${text}`
    );
    const left = sorted.length - MOST_KINDS;
    return left > 0 ? [...lines, `${left} more kinds of warnings`] : lines;
  }
}
