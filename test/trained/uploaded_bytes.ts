/** Counts the bytes that are written to a GPU's buffers. */

import type { Gpu } from "../../src/gpu/device.ts";

/** A function that returns the bytes written since this call. */
export function uploadedBytes({ device: { queue } }: Gpu): () => number {
  let bytes = 0;
  const write = queue.writeBuffer.bind(queue) as (...parameters: unknown[]) => void;
  const counting = (
    buffer: unknown,
    offset: unknown,
    data: ArrayBufferView | ArrayBuffer,
    ...rest: unknown[]
  ) => {
    bytes += data.byteLength;
    write(buffer, offset, data, ...rest);
  };
  Object.defineProperty(queue, "writeBuffer", { value: counting });
  return () => bytes;
}
