/** Encodes and decodes the planes of one tile. */

import { DataError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { Coder, Effort, PlaneShape } from "./coder.ts";
import { chooseTransform, inverseTransform, transform, TRANSFORMS } from "./colour.ts";
import { packingOf, readMap, readRuns, writeMap, writeRuns } from "./levels.ts";

const efforts: Effort[] = ["fast", "best"];

/** The part of a plane's range that must be unused before packing is tried, which takes as long as another plane. */
const LEAST_UNUSED = { fast: 1 / 16, best: 0 };

/** How a plane is stored. */
const MODELLED = 0;
const PACKED_RUNS = 1;
const RAW = 2;
const PACKED_MAP = 3;

export interface TileShape {
  width: number;
  height: number;
  maxError: number;
}

/** The bytes of a tile. The planes are changed. */
export function encodeTile(
  coder: Coder,
  planes: Int32Array[],
  tile: TileShape,
  effort: Effort,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  const kind = planes.length >= 3 && tile.maxError === 0 ? chooseTransform(planes, tile.width) : 0;
  writer.u8(efforts.indexOf(effort));
  writer.u8(kind);
  transform(planes, kind);
  let hasSide = false;
  for (const plane of planes) hasSide = encodePlane(coder, plane, tile, effort, hasSide, writer);
  return writer.finish();
}

/** Returns whether the plane has gone through the coder and left its errors there. */
function encodePlane(
  coder: Coder,
  plane: Int32Array,
  tile: TileShape,
  effort: Effort,
  hasSide: boolean,
  writer: ByteWriter,
): boolean {
  let minimum = plane[0]!, largest = minimum;
  for (const value of plane) {
    if (value < minimum) minimum = value;
    else if (value > largest) largest = value;
  }
  const range = largest - minimum;
  writer.varint(minimum < 0 ? -2 * minimum - 1 : 2 * minimum);
  writer.varint(range);
  if (range === 0) return false;
  const values = plane.map((value) => value - minimum);
  const raw = rawLength(plane.length, range);
  const shape: PlaneShape = { ...tile, maximum: range, effort, hasSide };
  const levels = tile.maxError === 0 ? packingOf(plane, minimum, range, LEAST_UNUSED[effort]) : undefined;
  // The coder replaces the errors of the plane before, which a second trial needs as well.
  const errorsBefore = levels && hasSide ? coder.sideErrors(shape) : undefined;
  let stored = modelled(coder, values, shape, raw);
  if (levels) {
    const errors = coder.sideErrors(shape);
    if (errorsBefore) coder.setSideErrors(errorsBefore);
    const packed = packedPlane(coder, values, shape, levels, raw);
    if (packed.length < stored.length) stored = packed;
    else coder.setSideErrors(errors);
  }
  if (stored.length > raw) {
    writer.u8(RAW);
    writer.bytes(packBits(plane, minimum, range));
    return false;
  }
  writer.bytes(stored);
  return true;
}

/** A plane as the coder stores it; longer than `most` if that would be exceeded. */
function modelled(
  coder: Coder,
  values: Int32Array,
  shape: PlaneShape,
  most: number,
): Uint8Array<ArrayBuffer> {
  const coded = coder.encode(values, shape, most);
  if (coded === undefined) return new Uint8Array(most + 1);
  const writer = new ByteWriter();
  writer.u8(MODELLED);
  writer.varint(coded.length);
  writer.bytes(coded);
  return writer.finish();
}

/** The same with packed levels. */
function packedPlane(
  coder: Coder,
  values: Int32Array,
  shape: PlaneShape,
  levels: Int32Array,
  most: number,
): Uint8Array<ArrayBuffer> {
  const indices = new Int32Array(shape.maximum + 1);
  levels.forEach((level, index) => indices[level] = index);
  const maximum = levels.length - 1;
  const coded = modelled(coder, values.map((value) => indices[value]!), { ...shape, maximum }, most);
  const runs = writeRuns(levels);
  const map = writeMap(levels, shape.maximum);
  const writer = new ByteWriter();
  writer.u8(runs.length <= map.length ? PACKED_RUNS : PACKED_MAP);
  writer.bytes(runs.length <= map.length ? runs : map);
  writer.bytes(coded.subarray(1));
  return writer.finish();
}

/**
 * The planes of a tile.
 *
 * @throws {DataError} if the bytes are damaged or a sample is outside `least` … `most`
 */
export function decodeTile(
  coder: Coder,
  bytes: Uint8Array,
  tile: TileShape,
  channels: number,
  least: number,
  most: number,
): Int32Array<ArrayBuffer>[] {
  const reader = new ByteReader(bytes, "tile");
  const effort = efforts[reader.u8()];
  const kind = reader.u8();
  if (effort === undefined || kind >= TRANSFORMS.length || (kind > 0 && channels < 3)) {
    throw new DataError(
      "the .vqr file has a tile with an unknown effort or transform; it needs a newer program",
    );
  }
  let hasSide = false;
  const planes: Int32Array<ArrayBuffer>[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const { plane, modelled } = decodePlane(coder, reader, tile, effort, hasSide);
    hasSide = modelled;
    planes.push(plane);
  }
  if (reader.left > 0) throw new DataError("the .vqr file is damaged: a tile has bytes left over");
  inverseTransform(planes, kind);
  for (const plane of planes) {
    for (const value of plane) {
      if (value < least || value > most) {
        throw new DataError("the .vqr file is damaged: a sample exceeds its bits");
      }
    }
  }
  return planes;
}

function decodePlane(coder: Coder, reader: ByteReader, tile: TileShape, effort: Effort, hasSide: boolean) {
  const zigzag = reader.varint();
  const minimum = zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
  const range = reader.varint();
  const count = tile.width * tile.height;
  if (Math.abs(minimum) > 131072 || range > 131071) {
    throw new DataError("the .vqr file is damaged: a plane exceeds its bits");
  }
  if (range === 0) return { plane: new Int32Array(count).fill(minimum), modelled: false };
  const method = reader.u8();
  if (method === RAW) {
    return {
      plane: unpackBits(reader.bytes(rawLength(count, range)), minimum, range, count),
      modelled: false,
    };
  }
  let levels: Int32Array | undefined;
  if (tile.maxError === 0 && method === PACKED_RUNS) levels = readRuns(reader, range);
  else if (tile.maxError === 0 && method === PACKED_MAP) levels = readMap(reader, range);
  else if (method !== MODELLED) {
    throw new DataError("the .vqr file has a plane of an unknown kind; it needs a newer program");
  }
  const data = reader.bytes(reader.varint());
  const maximum = levels ? levels.length - 1 : range;
  const plane = coder.decode(data, { ...tile, maximum, effort, hasSide });
  for (let i = 0; i < count; i++) plane[i] = (levels ? levels[plane[i]!]! : plane[i]!) + minimum;
  return { plane, modelled: true };
}

function bitsOf(range: number): number {
  return 32 - Math.clz32(range);
}

function rawLength(count: number, range: number): number {
  return Math.ceil(count * bitsOf(range) / 8);
}

/** Samples one after the other, their highest bits first. */
function packBits(plane: Int32Array, minimum: number, range: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(rawLength(plane.length, range));
  const bits = bitsOf(range);
  let at = 0;
  for (const value of plane) {
    for (let bit = bits - 1; bit >= 0; bit--, at++) {
      if ((value - minimum) >> bit & 1) bytes[at >> 3]! |= 128 >> (at & 7);
    }
  }
  return bytes;
}

function unpackBits(
  bytes: Uint8Array,
  minimum: number,
  range: number,
  count: number,
): Int32Array<ArrayBuffer> {
  const bits = bitsOf(range);
  const plane = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let value = 0;
    for (let bit = 0; bit < bits; bit++, at++) value = value * 2 + (bytes[at >> 3]! >> (7 - (at & 7)) & 1);
    plane[i] = value + minimum;
  }
  return plane;
}
