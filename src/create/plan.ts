/** What is to be written, known before any image is read. */

import { basename, join } from "node:path";
import { DataError, UsageError } from "../errors.ts";
import { dataFileNames, type WantedDataFile } from "../data/locate.ts";
import { fileError } from "../io/file_error.ts";
import { printable } from "../io/printable.ts";
import { withDicomTags } from "./dicom_tags.ts";
import { readFolder } from "./folder.ts";
import { type Entry, isForTraining, type Listing } from "./listing.ts";
import type { CreateOptions, CreateSurroundings } from "./options.ts";
import { locate } from "./place.ts";
import { readTable } from "./tables.ts";
import type { PixelType } from "./tensor.ts";

export type Split = "train" | "valid";

/** An entry with the place where its images go. */
export interface PlannedEntry extends Entry {
  patient: string;
  split: Split;
}

export interface Plan {
  /** The data folder, without links. */
  root: string;
  listing: Listing;
  view: "frontal" | "lateral" | "all";
  dataset: string;
  entries: PlannedEntry[];
  /** The name of each file that has entries. */
  targets: ReadonlyMap<Split, string>;
}

/**
 * Reads the list, chooses the view and gives every patient a side.
 *
 * @throws DataError or UsageError if there would be nothing to write, or something is in its place
 */
export async function makePlan(options: CreateOptions, context: CreateSurroundings): Promise<Plan> {
  if (!(options.split >= 0 && options.split <= 1)) {
    throw new UsageError(`--split ${options.split}: expected a share from 0 to 1`);
  }
  const root = await openFolder(options.data_path);
  const listing = await readListing(root, options, context);
  const view = options.view ?? (listing.hasViews ? "frontal" : "all");
  const dataset = options.dataset ?? listing.dataset ?? basename(root);
  if (dataset === "" || dataset !== basename(dataset)) {
    throw new UsageError(`--dataset ${dataset || '""'}: expected a name for files`);
  }
  const chosen = chooseView(listing, view, options);
  const entries = giveSides(chosen, options, context);
  const splits = new Set(entries.map(({ split }) => split));
  const targets = new Map<Split, string>();
  for (const split of ["train", "valid"] as const) {
    if (!splits.has(split)) continue;
    const path = join(options.save_path, nameOf({ dataset, split, view, size: options.size }, options.dtype));
    if (!options.dry_run) await requireFree(path, options.overwrite);
    targets.set(split, path);
  }
  return { root, listing, view, dataset, entries, targets };
}

async function openFolder(path: string): Promise<string> {
  const info = await Deno.stat(path).catch((error) => {
    throw fileError(path, "cannot read", error);
  });
  if (!info.isDirectory) {
    throw new DataError(`${path}: is a file, expected --data_path to be a folder of images`);
  }
  return await Deno.realPath(path);
}

/** The list, with paths that begin in the folder, and with what its files tell where it does not. */
async function readListing(
  root: string,
  options: CreateOptions,
  context: CreateSurroundings,
): Promise<Listing> {
  const listing = await readList(options, context);
  const entries = await relativeTo(root, listing.entries);
  await requireSome(root, entries, options);
  return await completeFromFiles(root, { ...listing, entries }, options);
}

function readList(options: CreateOptions, { note }: CreateSurroundings): Promise<Listing> {
  if (options.csv !== undefined) return readTable(options.csv, options);
  for (
    const name of ["labels_csv", "path_column", "label_columns", "patient_column", "view_column"] as const
  ) {
    if (options[name] !== undefined) throw new UsageError(`--${name}: goes with --csv only`);
  }
  return readFolder(options.data_path, options, note);
}

/** Patients and views that are asked for and not in the list may be in DICOM files. */
async function completeFromFiles(
  root: string,
  listing: Listing,
  { split, view }: CreateOptions,
): Promise<Listing> {
  const lacksPatients = split > 0 && split < 1 &&
    listing.entries.some(({ patient }) => patient === undefined);
  const lacksViews = !listing.hasViews && view !== undefined && view !== "all";
  if (!lacksPatients && !lacksViews) return listing;
  const entries = await withDicomTags(root, listing.entries);
  const hasViews = listing.hasViews || (lacksViews && entries.some((entry) => entry.view !== undefined));
  return { ...listing, entries, hasViews };
}

function chooseView({ entries, hasViews, source }: Listing, view: string, options: CreateOptions): Entry[] {
  if (view === "all") return entries;
  if (!hasViews) {
    throw new UsageError(
      `--view ${view}: ${source} does not tell views, expected ${
        options.csv === undefined ? "--view all" : "--view_column"
      }`,
    );
  }
  const chosen = entries.filter((entry) => entry.view === view);
  if (chosen.length > 0) return chosen;
  const views = [...new Set(entries.map((entry) => entry.view ?? ""))].slice(0, 8);
  throw new DataError(
    `${options.csv}: none of ${entries.length} images is ${view}; views are ${
      printable(views.join(", "), 200)
    }`,
  );
}

/** Lists of published data sets begin with the data set's own folder, and that may be the data folder itself. */
async function relativeTo(root: string, entries: Entry[]): Promise<Entry[]> {
  const own = entries[0]!.path.split("/")[0]!;
  if (own === "" || entries.some(({ path }) => !path.startsWith(`${own}/`))) return entries;
  if (await Deno.stat(join(root, own)).then(() => true, () => false)) return entries;
  return entries.map((entry) => ({ ...entry, path: entry.path.slice(own.length + 1) }));
}

/** How many files are looked for before a long list is read. */
const trial = 20;

/** Where the folder is the wrong one, one line says so instead of one for each image. */
async function requireSome(root: string, entries: readonly Entry[], options: CreateOptions): Promise<void> {
  let reason = "";
  for (const { path } of entries.slice(0, trial)) {
    try {
      return void await locate(root, path);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      reason ||= `${printable(path, 200)}: ${error.message}`;
    }
  }
  const looked = entries.length <= trial ? "no listed image" : `none of the first ${trial} listed images`;
  throw new DataError(`${options.data_path}: ${looked} can be read from here (${reason})`);
}

function giveSides(
  entries: readonly Entry[],
  { split, seed }: CreateOptions,
  { note }: CreateSurroundings,
): PlannedEntry[] {
  const unnamed = entries.filter(({ patient }) => patient === undefined).length;
  if (unnamed > 0 && split > 0 && split < 1) {
    note(
      `${unnamed} of ${entries.length} files name no patient, and each counts as a patient of its own; ` +
        "--patient_column or --patient_pattern tells who is on them",
    );
  }
  const planned = entries.map((entry): PlannedEntry => {
    const patient = entry.patient ?? entry.path;
    return { ...entry, patient, split: isForTraining(patient, split, seed) ? "train" : "valid" };
  });
  const sides = new Set(planned.map((entry) => entry.split));
  if (sides.size === 1 && split > 0 && split < 1) {
    const patients = new Set(planned.map(({ patient }) => patient)).size;
    const side = sides.has("train") ? "training" : "validation";
    note(`all images are for ${side}, of ${patients} ${patients === 1 ? "patient" : "patients"} in the list`);
  }
  return planned;
}

/** A name under which training finds the file. */
function nameOf(wanted: WantedDataFile, dtype: PixelType): string {
  const [normalized, plain, anyView] = dataFileNames(wanted);
  return wanted.view === "all" ? anyView! : dtype === "float32" ? normalized! : plain!;
}

async function requireFree(path: string, overwrite: boolean): Promise<void> {
  const info = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw fileError(path, "cannot write", error);
  });
  if (info?.isDirectory) throw new DataError(`${path}: cannot write: it is a folder`);
  if (info && !overwrite) {
    throw new DataError(`${path}: is there already, expected --overwrite or another --save_path`);
  }
}
