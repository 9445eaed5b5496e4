/** Names of a data file's classes. */

import { DataError } from "../errors.ts";
import { splitNames } from "./name_list.ts";
import type { DatasetInfo } from "./hdf5_file.ts";

/**
 * The names in a file's attribute `class_names`, one for each label; undefined if the file has no such attribute. The
 * attribute is a list of texts, or one text with a name on each line or with commas between the names.
 *
 * @throws {DataError} if the number of names differs from the number of labels, or names are empty, equal or not text
 */
export function classNames({ path, labelCount, attributes }: DatasetInfo): string[] | undefined {
  const value = attributes.class_names;
  if (value === undefined || value === null) return undefined;
  const fail = (what: string) => {
    const expected = labelCount === 1
      ? "1 name, for its label"
      : `${labelCount} different names, one for each label`;
    return new DataError(`${path}: the attribute "class_names" ${what}, expected ${expected}`);
  };
  const texts = typeof value === "string" ? splitNames(value) : value;
  if (!Array.isArray(texts) || texts.some((text) => typeof text !== "string")) {
    throw fail("does not hold text");
  }
  const names = (texts as string[]).map((text) => text.trim());
  if (names.length !== labelCount) {
    throw fail(`holds ${names.length} ${names.length === 1 ? "name" : "names"}`);
  }
  if (names.includes("")) throw fail("holds an empty name");
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw fail(`holds ${JSON.stringify(twice)} twice`);
  return names;
}
