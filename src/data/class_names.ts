/** What the labels of a data file are called. */

import { DataError } from "../errors.ts";
import type { DatasetInfo } from "./hdf5_file.ts";

/**
 * The names in a file's `class_names` attribute, one for each of its labels; undefined where it has no such attribute.
 * The attribute is a list of texts, or one text with the names on lines of their own, or with commas between them.
 *
 * @throws DataError naming the file, if there are not as many names as labels, or the names are no text, empty or not distinct
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
  const texts = typeof value === "string" ? split(value) : value;
  if (!Array.isArray(texts) || texts.some((text) => typeof text !== "string")) throw fail("holds no text");
  const names = (texts as string[]).map((text) => text.trim());
  if (names.length !== labelCount) {
    throw fail(`holds ${names.length} ${names.length === 1 ? "name" : "names"}`);
  }
  if (names.includes("")) throw fail("holds an empty name");
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw fail(`holds ${JSON.stringify(twice)} twice`);
  return names;
}

function split(text: string): string[] {
  const trimmed = text.trim();
  return trimmed.split(trimmed.includes("\n") ? "\n" : ",");
}
