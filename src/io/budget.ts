/** Limits on what a file may ask for. */

import { DataError } from "../errors.ts";

/**
 * A limit on the memory or the work that a file may ask for. A pickle can copy a list or repeat an element any number
 * of times, so a file of one kilobyte could ask for all memory.
 */
export class Budget {
  private left: number;

  /** @param refusal the message of the error when more than `limit` is spent */
  constructor(limit: number, readonly refusal: string) {
    this.left = limit;
  }

  /** @throws {DataError} if less than `amount` is left */
  spend(amount: number): void {
    this.left -= amount;
    if (!(this.left >= 0)) throw new DataError(this.refusal);
  }
}
