/**
 * Does the work on all items, up to `ahead` of them at a time, and yields each result with its item in the items' order. No more than
 * `ahead` results ever wait. Where the caller stops early, work that is under way is left to itself.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  ahead: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<{ item: Item; result: Result }> {
  const waiting: { item: Item; result: Promise<Result> }[] = [];
  for (const item of items) {
    const result = work(item);
    // It fails where it is awaited; until then nobody may hold it against us.
    result.catch(() => {});
    waiting.push({ item, result });
    if (waiting.length < ahead) continue;
    const first = waiting.shift()!;
    yield { item: first.item, result: await first.result };
  }
  for (const { item, result } of waiting) yield { item, result: await result };
}
