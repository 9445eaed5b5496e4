/** One read: rows `start` … `start + count − 1` of a dataset, of which `wanted` says where each goes. */
export interface ReadRun {
  start: number;
  count: number;
  /** Pairs of a row in the run (0 is `start`) and its position in the batch. */
  wanted: { row: number; position: number }[];
}

/**
 * Groups the rows of a batch into few reads, in file order: rows that follow one another are read together, and so are
 * rows of one chunk, which the library would otherwise unpack again for each of them. A row wanted twice is read once.
 *
 * @param indices rows in the order of the batch
 * @param rowsPerChunk rows that one chunk covers; 1 for a contiguous dataset
 * @param rowsPerRead the most rows one read may cover, which bounds the memory for it
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
