/** The state of the stack machine that runs a pickle, and the values that it makes. */

import { DataError } from "../errors.ts";
import type { ByteReader } from "./byte_reader.ts";
import { printable } from "./printable.ts";

/**
 * A value from a pickle. None, bool, int, float, str and bytes become null, boolean, number (bigint from 2⁵³ on),
 * number, string and Uint8Array. Lists and tuples become arrays, sets become Sets. Dicts become Maps, so that their
 * keys cannot reach a prototype.
 */
export type PickleValue = unknown;

/** A class or function that a pickle may name and call. */
export class PickleGlobal {
  constructor(readonly name: string, readonly call: (args: PickleValue[]) => PickleValue) {}
}

/** An object of a class that is not known here, or the result of a call that was not made. */
export class OpaqueObject {
  /** The object's attributes, or whatever else the pickle would pass to its class. */
  state: PickleValue = undefined;
  /** The items of an object whose class derives from dict; undefined if the pickle sets none. */
  items?: Map<PickleValue, PickleValue>;

  /** @param type the name of the class or function, such as "argparse.Namespace" */
  constructor(readonly type: string, readonly args: readonly PickleValue[] = []) {}
}

/** How a pickle's references to the outside are resolved. */
export interface PickleHooks {
  /** Resolves a name such as "collections.OrderedDict". If it returns undefined, the pickle is refused. */
  findGlobal(name: string): PickleValue;
  /** Resolves the identifier of an object that is stored outside of the pickle. */
  persistentLoad(id: PickleValue): PickleValue;
}

/**
 * The most work that a pickle may ask for, in steps. State dicts take about forty steps for each tensor. Operations
 * that create an object count as several steps, by the memory that the object takes.
 */
const maxSteps = 4_000_000;
/** The longest name of a class or function, in characters. */
const maxName = 1000;

const utf8 = new TextDecoder("utf-8");

/** The stack, the marks and the memo of a pickle that is being read. */
export class Machine {
  readonly stack: PickleValue[] = [];
  readonly marks: number[] = [];
  readonly memo = new Map<number, PickleValue>();
  private steps = 0;

  constructor(readonly reader: ByteReader, readonly hooks: PickleHooks) {}

  /** @throws {DataError} if all operations so far cost more than {@linkcode maxSteps} */
  spend(cost: number): void {
    this.steps += cost;
    if (this.steps > maxSteps) throw new DataError(`the pickle has more than ${maxSteps} steps`);
  }

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    this.need(1);
    return this.stack.pop();
  }

  top(): PickleValue {
    this.need(1);
    return this.stack[this.stack.length - 1];
  }

  /** Removes the topmost `count` values and returns them. */
  take(count: number): PickleValue[] {
    this.need(count);
    return this.stack.splice(this.stack.length - count, count);
  }

  /** Removes the values above the last mark and returns them. The mark is removed, too. */
  takeToMark(): PickleValue[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw damaged("a mark is missing");
    return this.stack.splice(mark);
  }

  text(length: number): string {
    return utf8.decode(this.reader.bytes(length));
  }

  recall(index: number): void {
    if (!this.memo.has(index)) throw damaged(`the memo has no entry ${index}`);
    this.push(this.memo.get(index));
  }

  remember(index: number): void {
    this.memo.set(index, this.top());
  }

  pushGlobal(module: PickleValue, name: PickleValue): void {
    if (typeof module !== "string" || typeof name !== "string") throw damaged("a name is not text");
    if (module.length + name.length > maxName) throw damaged("a name is too long");
    const asked = `${module}.${name}`;
    const found = this.hooks.findGlobal(asked);
    if (found === undefined) {
      throw new DataError(
        `the pickle asks for ${printable(asked)}; only tensors and plain containers are accepted`,
      );
    }
    this.push(found);
  }

  /** Calls what is on the stack: a function or class, and its arguments. */
  call(): void {
    const [callable, args] = this.take(2);
    this.pushCall(callable, args);
  }

  /** Calls a class with the values above the last mark: the class itself, and its arguments. */
  callToMark(): void {
    const [callable, ...args] = this.takeToMark();
    this.pushCall(callable, args);
  }

  pushCall(callable: PickleValue, args: PickleValue): void {
    if (!Array.isArray(args)) throw damaged("a call is malformed");
    if (callable instanceof OpaqueObject) this.push(new OpaqueObject(callable.type, args));
    else if (callable instanceof PickleGlobal) this.push(callable.call(args));
    else throw damaged("a call is malformed");
  }

  /**
   * Gives an object its attributes. Those of other values, such as `_metadata` of a state dict or the hooks of a
   * parameter, are ignored.
   */
  build(): void {
    const state = this.pop();
    const object = this.top();
    if (object instanceof OpaqueObject) object.state = state;
  }

  private need(count: number): void {
    if (this.stack.length - count < (this.marks.at(-1) ?? 0)) throw damaged("a value is missing");
  }
}

/** The error for a pickle that breaks the rules of the format. */
export function damaged(what: string): DataError {
  return new DataError(`the pickle is damaged: ${what}`);
}
