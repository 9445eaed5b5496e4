/** A folder of images without a table: its sub-folders' names are the classes. */

import { basename, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { printable } from "../io/printable.ts";
import { type Entry, type Listing, patientFinder, patientInPath } from "./listing.ts";

export interface FolderOptions {
  /** Whether sub-folders are classes. */
  labels: boolean;
  patient_pattern?: string;
}

/** Images of the formats that we read; DICOM files often bear a number for an ending, or none. */
const imageName = /\.(png|jpe?g|dcm|dicom|ima|nii|nii\.gz)$|\.\d+$|^[^.]+$/i;
/** Lists of other files, by their names. */
const listName = /^DICOMDIR$/i;

/** More sub-folders are patients or dates rather than classes. */
const mostClasses = 1000;

/**
 * Lists the images of a folder and of those below it, sorted by their names. Where it has sub-folders with images, these are the classes
 * and each image belongs to one of them. Names that begin with a dot or that are no image's are left out; how many is told to `note`.
 *
 * @throws DataError if there are no images, or some are in a sub-folder and some are not
 */
export async function readFolder(
  folder: string,
  { labels, patient_pattern }: FolderOptions,
  note: (text: string) => void,
): Promise<Listing> {
  const { images, others } = await findImages(folder);
  if (images.length === 0) {
    throw new DataError(`${folder}: holds no images, expected .png, .jpg, .dcm or .nii files`);
  }
  if (others > 0) note(`${folder}: ${others} files whose names are not those of images are left out`);
  const classNames = labels ? classesOf(folder, images) : [];
  const findPatient = patient_pattern === undefined ? patientInPath : patientFinder(patient_pattern);
  const entries = images.map((path): Entry => ({
    path,
    labels: classNames.map((name) => path.startsWith(`${name}/`) ? 1 : 0),
    patient: findPatient(path),
  }));
  return { source: basename(await Deno.realPath(folder)), classNames, hasViews: false, entries };
}

function classesOf(folder: string, images: readonly string[]): string[] {
  const loose = images.find((path) => !path.includes("/"));
  const names = [...new Set(images.filter((path) => path.includes("/")).map((path) => path.split("/")[0]!))];
  if (names.length === 0) return [];
  if (loose !== undefined) {
    const shown = printable(loose, 200);
    throw new DataError(
      `${folder}: ${shown} is beside the sub-folders, which are the classes; expected all images in one, or --no-labels`,
    );
  }
  if (names.length > mostClasses) {
    throw new DataError(
      `${folder}: has ${names.length} sub-folders, expected at most ${mostClasses} classes, or --no-labels`,
    );
  }
  return names;
}

/** Paths below `folder`, with slashes, in the order of their code units. */
async function findImages(folder: string): Promise<{ images: string[]; others: number }> {
  const images: string[] = [];
  let others = 0;
  const pending = [""];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    const found = await Array.fromAsync(Deno.readDir(join(folder, place))).catch((error) => {
      throw fileError(join(folder, place), "cannot read", error);
    });
    for (const { name, isDirectory } of found) {
      const path = place === "" ? name : `${place}/${name}`;
      if (name.startsWith(".")) continue;
      if (isDirectory) pending.push(path);
      else if (imageName.test(name) && !listName.test(name)) images.push(path);
      else others++;
    }
  }
  return { images: images.sort(), others };
}
