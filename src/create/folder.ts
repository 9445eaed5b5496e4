/** Lists the images of a folder without a table; the names of its sub-folders are the classes. */

import { basename, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { printable } from "../io/printable.ts";
import { type Entry, type Listing, patientFinder, patientInPath } from "./listing.ts";

/** How to list a folder. */
export interface FolderOptions {
  /** Whether sub-folders are classes. */
  labels: boolean;
  /** Optional regular expression that finds the patient in a path; default: paths of CheXpert and MIMIC-CXR. */
  patient_pattern?: string;
}

/** Names of images. DICOM files often end in a number or have no ending. */
const imageName = /\.(png|jpe?g|webp|bmp|dcm|dicom|ima|nii|nii\.gz|hdr)$|\.\d+$|^[^.]+$/i;
/** DICOM's index of a folder, which holds no images. */
const indexName = /^DICOMDIR$/i;

/** If there are more sub-folders, they are probably patients or dates. */
const maxClasses = 1000;

/**
 * Lists the images of a folder and its sub-folders, sorted by path. If images lie in sub-folders, each top-level
 * sub-folder is a class. Hidden files are ignored; files whose names are not those of images are counted in a note.
 *
 * @param note receives one line if files were left out
 * @throws {DataError} if the folder cannot be read or holds no images, or if only some images are in sub-folders
 */
export async function readFolder(
  folder: string,
  { labels, patient_pattern }: FolderOptions,
  note: (text: string) => void,
): Promise<Listing> {
  const { images, others } = await findImages(folder);
  if (images.length === 0) {
    throw new DataError(`${folder}: holds no images, expected .png, .jpg, .webp, .bmp, .dcm or .nii files`);
  }
  if (others > 0) note(`${folder}: ${others} files are left out, since their names are not those of images`);
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
      `${folder}: ${shown} is in no sub-folder, but sub-folders are the classes; ` +
        "expected every image in one, or --no-labels",
    );
  }
  if (names.length > maxClasses) {
    throw new DataError(
      `${folder}: has ${names.length} sub-folders, expected at most ${maxClasses} classes, or --no-labels`,
    );
  }
  return names;
}

/** Paths of the images relative to `folder`, with slashes, in the order of their UTF-16 code units. */
async function findImages(folder: string): Promise<{ images: string[]; others: number }> {
  const images: string[] = [];
  let others = 0;
  const pending = [""];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    const found = await Array.fromAsync(Deno.readDir(join(folder, parent))).catch((error) => {
      throw fileError(join(folder, parent), "cannot read", error);
    });
    for (const { name, isDirectory } of found) {
      const path = parent === "" ? name : `${parent}/${name}`;
      if (name.startsWith(".")) continue;
      if (isDirectory) pending.push(path);
      else if (imageName.test(name) && !indexName.test(name)) images.push(path);
      else others++;
    }
  }
  return { images: images.sort(), others };
}
