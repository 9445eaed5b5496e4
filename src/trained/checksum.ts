/** SHA-256 over the weights' keys and values in the keys' order, hexadecimal: the same whatever the file's format. */
export async function weightsChecksum(
  weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
): Promise<string> {
  const encoder = new TextEncoder();
  const parts = [...weights.keys()].sort().flatMap((key) => {
    const { buffer, byteOffset, byteLength } = weights.get(key)!;
    return [encoder.encode(`${key}\0`), new Uint8Array(buffer, byteOffset, byteLength)];
  });
  const joined = await new Blob(parts).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined)).toHex();
}
