/** Plans the reads of a batch. */

/** One read: the rows `start` … `start + count − 1` of a dataset. */
export interface ReadRun {
  start: number;
  count: number;
  /** The rows that the batch needs, counted from `start`, and their positions in the batch. */
  wanted: { row: number; position: number }[];
}

/**
 * Groups the rows of a batch into few reads, in the order of the file. Adjacent rows are read together, and so are rows
 * of one chunk, which would otherwise be decompressed once for each of them. A row that occurs twice is read once.
 *
 * @param indices rows in the order of the batch
 * @param rowsPerChunk rows of a chunk; 1 for a contiguous dataset
 * @param rowsPerRead limit of the rows of one read, which bounds its memory
 */
export function planReads(indices: Uint32Array, rowsPerChunk: number, rowsPerRead: number): ReadRun[] {
  const positions = Uint32Array.from(indices, (_, position) => position)
    .sort((a, b) => indices[a]! - indices[b]! || a - b);
  const runs: ReadRun[] = [];
  for (const position of positions) {
    const index = indices[position]!;
    let run = runs.at(-1);
    if (!run || !joins(run, index, rowsPerChunk, rowsPerRead)) {
      runs.push(run = { start: index, count: 0, wanted: [] });
    }
    run.count = index - run.start + 1;
    run.wanted.push({ row: index - run.start, position });
  }
  return runs;
}

function joins(run: ReadRun, index: number, rowsPerChunk: number, rowsPerRead: number): boolean {
  const last = run.start + run.count - 1;
  const near = index <= last + 1 || Math.floor(index / rowsPerChunk) === Math.floor(last / rowsPerChunk);
  return near && index - run.start < rowsPerRead;
}
