/** Image files for tests of decoding. */

import { DataError } from "../../src/errors.ts";
import { decodeImage, type DecodeOptions } from "../../src/images/decode.ts";

const folder = new URL("../data_files/images/", import.meta.url);

/** The bytes of a file in test/data_files/images. */
export async function readImageFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(new URL(name, folder));
}

/** The names of all files in that folder, sorted. */
export function imageFiles(): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    /\.(png|jpg|dcm|nii|gz)$/.test(name)
  )
    .sort();
}

/**
 * The message with which a file is refused.
 *
 * @throws {Error} if the file is decoded, or the message is not one line
 */
export async function refused(bytes: Uint8Array, options?: DecodeOptions): Promise<string> {
  try {
    await decodeImage(bytes, options);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    if (!error.message || error.message.includes("\n")) throw new Error(`no single line: ${error.message}`);
    return error.message;
  }
  throw new Error("it was decoded");
}

/** The samples of several images, joined. */
export function concatenate(
  parts: (Uint8Array | Uint16Array)[],
): Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  const count = parts.reduce((sum, part) => sum + part.length, 0);
  const all = parts[0] instanceof Uint16Array ? new Uint16Array(count) : new Uint8Array(count);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The SHA-256 hash in hexadecimal digits. */
export async function sha256(samples: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", samples));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
