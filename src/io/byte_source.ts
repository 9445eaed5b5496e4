/** Random access to bytes, wherever they are stored. */

import { DataError } from "../errors.ts";

/** Bytes that can be read at any offset: a file, a part of one, or memory. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /**
   * Reads `length` bytes at `offset`, into a new buffer.
   *
   * @throws {DataError} if the source ends before `offset + length`
   */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
}

/**
 * A source that reads from bytes in memory, such as the body of an HTTP response.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const source = memorySource(Uint8Array.of(1, 2, 3, 4));
 * assertEquals(source.read(1, 2), Uint8Array.of(2, 3));
 * ```
 */
export function memorySource(bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return {
    size: bytes.length,
    read(offset, length) {
      checkRange(bytes.length, offset, length);
      return bytes.slice(offset, offset + length);
    },
  };
}

/**
 * A source over `size` bytes of another source, from `start` on. Nothing is copied.
 *
 * @throws {DataError} if the other source ends before `start + size`
 */
export function partOf(source: ByteSource, start: number, size: number): ByteSource {
  checkRange(source.size, start, size);
  return {
    size,
    read(offset, length) {
      checkRange(size, offset, length);
      return source.read(start + offset, length);
    },
  };
}

/**
 * Allocates `length` zero bytes.
 *
 * @throws {DataError} if there is not enough memory
 */
export function allocate(length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch {
    throw new DataError(`it needs ${length} bytes of contiguous memory, which are not available`);
  }
}

/**
 * Checks that `length` bytes at `offset` lie within a source of `size` bytes.
 *
 * @throws {DataError} if they do not
 */
export function checkRange(size: number, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
    throw new DataError(
      `the file is cut short or damaged: ${length} bytes are expected at offset ${offset}, ` +
        `but there are only ${size} bytes`,
    );
  }
}
