/** Metadata that a `.vqr` file carries beside its pixels, such as an ICC profile. */

import { ByteReader, ByteWriter } from "./bytes.ts";
import { DataError } from "../errors.ts";

export interface Metadata {
  /** What the bytes are: a media type, such as `application/dicom+json`. */
  type: string;
  bytes: Uint8Array;
}

export function writeMetadata({ type, bytes }: Metadata): Uint8Array {
  const writer = new ByteWriter();
  const name = new TextEncoder().encode(type);
  writer.varint(name.length);
  writer.bytes(name);
  writer.u8(0); // Stored as it is.
  writer.bytes(bytes);
  return writer.finish();
}

/** @throws {DataError} if the block is damaged or compressed in an unknown way */
export function readMetadata(block: Uint8Array): Metadata {
  const reader = new ByteReader(block, "metadata");
  const type = new TextDecoder().decode(reader.bytes(reader.varint()));
  if (reader.u8() !== 0) {
    throw new DataError("the .vqr file has metadata of an unknown kind; it needs a newer program");
  }
  return { type, bytes: reader.bytes(reader.left) };
}
