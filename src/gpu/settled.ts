/** Waiting for several operations that run at once. */

/**
 * Waits until all of the promises are settled, so that nothing is still under way when an error is handled, and
 * returns their values in order.
 *
 * @throws the error of the first one that was rejected
 */
export async function allSettled<Value>(promises: Iterable<Promise<Value>>): Promise<Value[]> {
  const outcomes = await Promise.allSettled(promises);
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}
