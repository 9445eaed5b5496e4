/** The folder in which a demo keeps its run. */

/** The first of name, name-2, name-3 … that does not exist, so that no file is overwritten. */
export async function freeFolder(name: string): Promise<string> {
  for (let number = 1;; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!await Deno.stat(candidate).then(() => true, () => false)) return candidate;
  }
}
