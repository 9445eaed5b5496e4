/** Concurrent work whose results come in order. */

/**
 * Runs `work` on every item, on up to `ahead` items at a time, and yields the results in the order of the items. At
 * most `ahead` results are waiting at any time. If the caller stops early, work that has started runs to its end
 * unobserved.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const squares: number[] = [];
 * const square = (item: number) => Promise.resolve(item * item);
 * for await (const { result } of inOrder([1, 2, 3], 2, square)) squares.push(result);
 * assertEquals(squares, [1, 4, 9]);
 * ```
 *
 * @throws {Error} if an item's work fails; the work's own error, thrown when the caller reaches that item
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  ahead: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<{ item: Item; result: Result }> {
  const waiting: { item: Item; result: Promise<Result> }[] = [];
  for (const item of items) {
    const result = work(item);
    // The error is thrown where the result is awaited; until then it must not count as unhandled.
    result.catch(() => {});
    waiting.push({ item, result });
    if (waiting.length < ahead) continue;
    const first = waiting.shift()!;
    yield { item: first.item, result: await first.result };
  }
  for (const { item, result } of waiting) yield { item, result: await result };
}
