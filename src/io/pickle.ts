/**
 * A reader for Python's pickles that cannot run code.
 *
 * A pickle is a program for a stack machine. What makes it dangerous is that it can call any function by name. Here,
 * a name resolves to a {@linkcode PickleGlobal} that the caller provides, or the pickle is refused. A call of a class
 * or function that the caller does not know creates an {@linkcode OpaqueObject}, which records the call without making
 * it. The operations are those of the binary protocols 1 to 5, as in CPython's Lib/pickletools.py.
 */

import { DataError } from "../errors.ts";
import type { ByteReader } from "./byte_reader.ts";
import { damaged, Machine, OpaqueObject, type PickleHooks, type PickleValue } from "./pickle_machine.ts";
import { printable } from "./printable.ts";

/**
 * Reads one pickle. The reader is then at the byte that follows it.
 *
 * @throws {DataError} if the pickle is damaged, asks for a name that `hooks` does not provide, or takes too many steps
 */
export function unpickle(reader: ByteReader, hooks: PickleHooks): PickleValue {
  const machine = new Machine(reader, hooks);
  for (;;) {
    const code = reader.uint8();
    if (code === stop) return machine.pop();
    const operation = operations[code];
    if (!operation) throw damaged(`operation 0x${code.toString(16).padStart(2, "0")} is unknown`);
    machine.spend(costs[code] ?? 1);
    operation(machine);
  }
}

const maxIntegerBytes = 256;
const stop = 0x2e;

const latin1 = new TextDecoder("latin1");

/** A little-endian integer of `length` bytes in two's complement. */
function readInteger(machine: Machine, length: number): number | bigint {
  if (length > maxIntegerBytes) throw damaged(`an integer of ${length} bytes`);
  const bytes = machine.reader.bytes(length).reverse();
  if (length === 0) return 0;
  if (length <= 6) {
    // Exact in float64, and many times faster than bigint.
    const value = bytes.reduce((sum, byte) => 256 * sum + byte, 0);
    return bytes[0]! < 128 ? value : value - 256 ** length;
  }
  machine.spend(length);
  return narrowed(BigInt.asIntN(8 * length, BigInt(`0x${bytes.toHex()}`)));
}

function integerFromText(text: string): number | bigint {
  if (!/^[+-]?\d{1,600}$/.test(text)) throw damaged(`${JSON.stringify(printable(text))} is not an integer`);
  return narrowed(BigInt(text));
}

function narrowed(value: bigint): number | bigint {
  return BigInt.asIntN(54, value) === value ? Number(value) : value;
}

function append(machine: Machine, items: PickleValue[]): void {
  const list = machine.top();
  // An object whose class derives from list; its items are not needed.
  if (list instanceof OpaqueObject) return;
  if (!Array.isArray(list)) throw damaged("a value is appended to something that is not a list");
  for (const item of items) list.push(item);
}

function addToSet(machine: Machine, items: PickleValue[]): void {
  const set = machine.top();
  if (set instanceof OpaqueObject) return;
  if (!(set instanceof Set)) throw damaged("a value is added to something that is not a set");
  for (const item of items) set.add(item);
}

function setItems(machine: Machine, items: PickleValue[]): void {
  const target = machine.top();
  const map = target instanceof OpaqueObject ? target.items ??= new Map() : target;
  if (!(map instanceof Map) || items.length % 2 !== 0) {
    throw damaged("an item is set in something that is not a dict");
  }
  for (let index = 0; index < items.length; index += 2) map.set(items[index], items[index + 1]);
}

function mapOf(items: PickleValue[]): Map<PickleValue, PickleValue> {
  if (items.length % 2 !== 0) throw damaged("a dict has a key without a value");
  const map = new Map<PickleValue, PickleValue>();
  for (let index = 0; index < items.length; index += 2) map.set(items[index], items[index + 1]);
  return map;
}

/** Python 2 has one type for text and bytes. Bytes that are not valid UTF-8 are decoded as Latin-1. */
function textOfPython2(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return latin1.decode(bytes);
  }
}

/** The cost of operations that create an object, by their codes; the cost of all others is 1. */
const costs: Record<number, number> = {
  // Dicts and sets
  ...{ 0x7d: 8, 0x64: 8, 0x8f: 8, 0x91: 8 },
  // Bytes
  ...{ 0x43: 8, 0x42: 8, 0x8e: 8, 0x96: 8 },
  // Tuples and lists
  ...{ 0x29: 2, 0x85: 2, 0x86: 2, 0x87: 2, 0x74: 2, 0x5d: 2, 0x6c: 2 },
  // Names and calls
  ...{ 0x63: 4, 0x93: 4, 0x52: 8, 0x81: 8, 0x92: 8, 0x6f: 8, 0x51: 4 },
};

const operations: Record<number, (machine: Machine) => void> = {
  // Constants
  0x4e: (m) => m.push(null), // NONE
  0x88: (m) => m.push(true), // NEWTRUE
  0x89: (m) => m.push(false), // NEWFALSE
  0x4a: (m) => m.push(m.reader.int32()), // BININT
  0x4b: (m) => m.push(m.reader.uint8()), // BININT1
  0x4d: (m) => m.push(m.reader.uint16()), // BININT2
  0x8a: (m) => m.push(readInteger(m, m.reader.uint8())), // LONG1
  0x8b: (m) => m.push(readInteger(m, m.reader.uint32())), // LONG4
  0x47: (m) => m.push(m.reader.float64BigEndian()), // BINFLOAT
  0x49: (m) => { // INT, which also encodes booleans before protocol 2
    const text = m.reader.line();
    m.push(text === "01" ? true : text === "00" ? false : integerFromText(text));
  },
  0x4c: (m) => m.push(integerFromText(m.reader.line().replace(/L$/, ""))), // LONG

  // Text and bytes
  0x8c: (m) => m.push(m.text(m.reader.uint8())), // SHORT_BINUNICODE
  0x58: (m) => m.push(m.text(m.reader.uint32())), // BINUNICODE
  0x8d: (m) => m.push(m.text(m.reader.uint64())), // BINUNICODE8
  0x55: (m) => m.push(textOfPython2(m.reader.bytes(m.reader.uint8()))), // SHORT_BINSTRING
  0x54: (m) => m.push(textOfPython2(m.reader.bytes(m.reader.uint32()))), // BINSTRING
  0x43: (m) => m.push(m.reader.bytes(m.reader.uint8())), // SHORT_BINBYTES
  0x42: (m) => m.push(m.reader.bytes(m.reader.uint32())), // BINBYTES
  0x8e: (m) => m.push(m.reader.bytes(m.reader.uint64())), // BINBYTES8
  0x96: (m) => m.push(m.reader.bytes(m.reader.uint64())), // BYTEARRAY8

  // Containers
  0x29: (m) => m.push([]), // EMPTY_TUPLE
  0x85: (m) => m.push(m.take(1)), // TUPLE1
  0x86: (m) => m.push(m.take(2)), // TUPLE2
  0x87: (m) => m.push(m.take(3)), // TUPLE3
  0x74: (m) => m.push(m.takeToMark()), // TUPLE
  0x5d: (m) => m.push([]), // EMPTY_LIST
  0x6c: (m) => m.push(m.takeToMark()), // LIST
  0x61: (m) => append(m, m.take(1)), // APPEND
  0x65: (m) => append(m, m.takeToMark()), // APPENDS
  0x7d: (m) => m.push(new Map()), // EMPTY_DICT
  0x64: (m) => m.push(mapOf(m.takeToMark())), // DICT
  0x73: (m) => setItems(m, m.take(2)), // SETITEM
  0x75: (m) => setItems(m, m.takeToMark()), // SETITEMS
  0x8f: (m) => m.push(new Set()), // EMPTY_SET
  0x90: (m) => addToSet(m, m.takeToMark()), // ADDITEMS
  0x91: (m) => m.push(new Set(m.takeToMark())), // FROZENSET

  // The stack and the memo
  0x28: (m) => void m.marks.push(m.stack.length), // MARK
  0x30: (m) => void m.pop(), // POP
  0x31: (m) => void m.takeToMark(), // POP_MARK
  0x32: (m) => m.push(m.top()), // DUP
  0x68: (m) => m.recall(m.reader.uint8()), // BINGET
  0x6a: (m) => m.recall(m.reader.uint32()), // LONG_BINGET
  0x71: (m) => m.remember(m.reader.uint8()), // BINPUT
  0x72: (m) => m.remember(m.reader.uint32()), // LONG_BINPUT
  0x94: (m) => m.remember(m.memo.size), // MEMOIZE

  // Names and calls
  0x63: (m) => m.pushGlobal(m.reader.line(), m.reader.line()), // GLOBAL
  0x93: (m) => { // STACK_GLOBAL
    const [module, name] = m.take(2);
    m.pushGlobal(module, name);
  },
  0x52: (m) => m.call(), // REDUCE
  0x81: (m) => m.call(), // NEWOBJ: a class is called with its arguments
  0x92: (m) => { // NEWOBJ_EX: a class is called with arguments and keyword arguments
    const [callable, args, keywords] = m.take(3);
    if (!(keywords instanceof Map)) throw damaged("a call is malformed");
    m.pushCall(callable, keywords.size > 0 && Array.isArray(args) ? [...args, keywords] : args);
  },
  0x6f: (m) => m.callToMark(), // OBJ
  0x62: (m) => m.build(), // BUILD
  0x51: (m) => m.push(m.hooks.persistentLoad(m.pop())), // BINPERSID

  // Framing
  0x80: (m) => { // PROTO
    const protocol = m.reader.uint8();
    if (protocol > 5) {
      throw new DataError(`it is a pickle of protocol ${protocol}; only protocols up to 5 are supported`);
    }
  },
  0x95: (m) => void m.reader.uint64(), // FRAME: a hint for buffering
};
