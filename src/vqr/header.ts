/** The header of a `.vqr` file. */

import { DataError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { crc32c } from "./crc32c.ts";

export const MAGIC = [0x56, 0x51, 0x52, 0x31];
export const FORMAT_VERSION = 1;
export const CODER_VERSION = 1;

/** The largest image side, number of frames and number of samples in a tile. */
export const MAXIMUM_SIDE = 1 << 24;
export const MAXIMUM_FRAMES = 1 << 24;
export const MAXIMUM_TILE_SAMPLES = 1 << 26;

/** What the decoded pixels are to the originals. */
export type Kind = "lossy" | "bounded" | "lossless";
/** Direct files hold pixels alone; layered files hold a picture of a model first, and then what it lacks. */
export type Structure = "direct" | "layered";

const kinds: Kind[] = ["lossy", "bounded", "lossless"];
const structures: Structure[] = ["direct", "layered"];

export interface Header {
  kind: Kind;
  structure: Structure;
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  channels: number;
  /** Bits of a sample, 1 … 16. */
  bits: number;
  signed: boolean;
  width: number;
  height: number;
  frames: number;
  tileWidth: number;
  tileHeight: number;
  /** The largest difference of a decoded sample from the original: 0 if lossless. */
  maxError: number;
}

/** An additional field of the header. Readers refuse unknown fields with bit 15 set in their tag. */
interface HeaderField {
  tag: number;
  value: Uint8Array;
}

/** @throws {DataError} if a value is outside its range */
export function checkHeader(header: Header): void {
  const limits: [string, number, number, number][] = [
    ["channels", header.channels, 1, 4],
    ["bits", header.bits, 1, 16],
    ["width", header.width, 1, MAXIMUM_SIDE],
    ["height", header.height, 1, MAXIMUM_SIDE],
    ["frames", header.frames, 1, MAXIMUM_FRAMES],
    ["tile width", header.tileWidth, 1, header.width],
    ["tile height", header.tileHeight, 1, header.height],
    ["largest error", header.maxError, 0, 32767],
  ];
  for (const [name, value, least, most] of limits) {
    if (!(Number.isInteger(value) && value >= least && value <= most)) {
      throw new DataError(`the .vqr header has ${name} ${value}; expected ${least} to ${most}`);
    }
  }
  const tile = header.tileWidth * header.tileHeight * header.channels;
  if (tile > MAXIMUM_TILE_SAMPLES) {
    throw new DataError(
      `the .vqr header has tiles of ${tile} samples; expected at most ${MAXIMUM_TILE_SAMPLES}`,
    );
  }
  if ((header.kind === "lossless") !== (header.maxError === 0) && header.kind !== "lossy") {
    throw new DataError(`the .vqr header has the largest error ${header.maxError} in a ${header.kind} file`);
  }
}

/** The bytes from the magic to the header's CRC. */
export function writeHeader(header: Header): Uint8Array {
  checkHeader(header);
  const body = new ByteWriter();
  body.u8(kinds.indexOf(header.kind));
  body.u8(structures.indexOf(header.structure));
  body.u8(CODER_VERSION);
  body.u8(header.channels);
  body.u8(header.bits);
  body.u8(header.signed ? 1 : 0);
  for (const value of [header.width, header.height, header.frames, header.tileWidth, header.tileHeight]) {
    body.varint(value);
  }
  body.varint(header.maxError);
  body.varint(0); // No further fields.
  const bytes = body.finish();
  const writer = new ByteWriter();
  writer.bytes(Uint8Array.from(MAGIC));
  writer.u16(FORMAT_VERSION);
  writer.u16(0);
  writer.u32(bytes.length);
  writer.bytes(bytes);
  const head = writer.finish();
  writer.u32(crc32c(head));
  return writer.finish();
}

/**
 * Reads the header and returns it with the position after its CRC.
 *
 * @throws {DataError} if the file is not a `.vqr` file, is damaged or needs a newer program
 */
export function readHeader(file: Uint8Array): { header: Header; end: number } {
  const reader = new ByteReader(file, "header");
  if (file.length < 4 || MAGIC.some((byte, i) => file[i] !== byte)) {
    throw new DataError("it is not a .vqr file: it does not begin with VQR1");
  }
  reader.bytes(4);
  const version = reader.u16();
  const flags = reader.u16();
  const length = reader.u32();
  const body = reader.bytes(length);
  const sum = crc32c(file.subarray(0, reader.at));
  if (reader.u32() !== sum) {
    throw new DataError("the .vqr file is damaged: its header does not match its checksum");
  }
  if (version !== FORMAT_VERSION) {
    throw new DataError(`the .vqr file has version ${version}; this program reads version ${FORMAT_VERSION}`);
  }
  if (flags !== 0) throw new DataError(`the .vqr file has unknown flags ${flags}; it needs a newer program`);
  return { header: readBody(body), end: reader.at };
}

function readBody(body: Uint8Array): Header {
  const reader = new ByteReader(body, "header");
  const kind = kinds[reader.u8()];
  const structure = structures[reader.u8()];
  const coder = reader.u8();
  if (kind === undefined || structure === undefined || coder !== CODER_VERSION) {
    throw new DataError("the .vqr file has an unknown kind or coder; it needs a newer program");
  }
  const channels = reader.u8();
  const bits = reader.u8();
  const signed = reader.u8();
  if (signed > 1) throw new DataError(`the .vqr header has signedness ${signed}; expected 0 or 1`);
  const [width, height, frames, tileWidth, tileHeight, maxError] = Array.from(
    { length: 6 },
    () => reader.varint(),
  );
  for (const { tag } of readFields(reader)) {
    if (tag >= 0x8000) throw new DataError(`the .vqr header has an unknown mandatory field ${tag}`);
  }
  const header: Header = {
    kind,
    structure,
    channels,
    bits,
    signed: signed === 1,
    width: width!,
    height: height!,
    frames: frames!,
    tileWidth: tileWidth!,
    tileHeight: tileHeight!,
    maxError: maxError!,
  };
  checkHeader(header);
  return header;
}

function readFields(reader: ByteReader): HeaderField[] {
  const fields: HeaderField[] = [];
  const count = reader.varint();
  while (fields.length < count) {
    const tag = reader.u16();
    fields.push({ tag, value: reader.bytes(reader.varint()) });
  }
  if (reader.left > 0) throw new DataError("the .vqr file is damaged: its header is too long");
  return fields;
}
