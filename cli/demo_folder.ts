/** Where a demonstration keeps its run. */

/** The first of name, name-2, name-3 … that is free: nothing that is there is touched. */
export async function freeFolder(name: string): Promise<string> {
  for (let number = 1;; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!await Deno.stat(candidate).then(() => true, () => false)) return candidate;
  }
}
