/** Plans a run of `hdf5:create` before any image is decoded: which images go into which file. */

import { basename, join } from "node:path";
import { DataError, UsageError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { printable } from "../io/printable.ts";
import { withDicomTags } from "./dicom_tags.ts";
import { findFiles } from "./find_files.ts";
import { readFolder } from "./folder.ts";
import { type Entry, isForTraining, type Listing, type Split } from "./listing.ts";
import type { CreateContext, CreateOptions } from "./options.ts";
import { resolveInside } from "../images/file_inside.ts";
import { readTable } from "./tables.ts";
import { findTargets } from "./targets.ts";

/** An entry and the file that its images go to. */
export interface PlannedEntry extends Entry {
  patient: string;
  split: Split;
}

/** What a run writes. */
export interface Plan {
  /** Real path of the data folder. */
  root: string;
  listing: Listing;
  view: "frontal" | "lateral" | "all";
  dataset: string;
  entries: PlannedEntry[];
  /** Path of each data file that has entries. */
  targets: ReadonlyMap<Split, string>;
}

/**
 * Reads the list, chooses the images of the wanted view and puts every patient into training or validation.
 *
 * @throws {UsageError} if options contradict each other or the list
 * @throws {DataError} if the list or the folder cannot be read, no image is left to write, or a data file exists
 */
export async function makePlan(options: CreateOptions, context: CreateContext): Promise<Plan> {
  if (!(options.split >= 0 && options.split <= 1)) {
    throw new UsageError(`--split ${options.split}: expected a share from 0 to 1`);
  }
  const root = await openFolder(options.data_path);
  const listing = await readListing(root, options, context);
  const view = options.view ?? (listing.hasViews ? "frontal" : "all");
  if (listing.hasViewsInFiles && !listing.hasViews) {
    context.note(`${listing.source}: neither the list nor the files name views, so that all are taken`);
  }
  const dataset = options.dataset ?? listing.dataset ?? basename(root);
  const chosen = chooseView(listing, view, options);
  const entries = assignSplits(chosen, options, context);
  const targets = await findTargets({ dataset, view, splits: entries.map(({ split }) => split) }, options);
  return { root, listing, view, dataset, entries, targets };
}

async function openFolder(path: string): Promise<string> {
  const info = await Deno.stat(path).catch((error) => {
    throw fileError(path, "cannot read", error);
  });
  if (!info.isDirectory) {
    throw new DataError(`${path}: is a file; --data_path: expected a folder of images`);
  }
  return await Deno.realPath(path);
}

/** Reads the list, makes its paths relative to the folder, and completes it from DICOM files. */
async function readListing(
  root: string,
  options: CreateOptions,
  context: CreateContext,
): Promise<Listing> {
  const listing = await readList(options, context);
  const relative = await relativeTo(root, listing.entries);
  const entries = options.csv === undefined ? relative : await findFiles(root, relative, context.note);
  await requireAnyFile(root, entries, options);
  return await completeFromFiles(root, { ...listing, entries }, options);
}

/** Options that say how a table is read. */
const tableOptions = [
  "labels_csv",
  "path_column",
  "label_columns",
  "class_column",
  "label_separator",
  "negative_label",
  "several_rows",
  "patient_column",
  "view_column",
  "split_column",
  "split_csv",
  "test_list",
] as const;

function readList(options: CreateOptions, { note }: CreateContext): Promise<Listing> {
  if (options.csv !== undefined) return readTable(options.csv, options, note);
  for (const name of tableOptions) {
    if (options[name] !== undefined) throw new UsageError(`--${name}: needs --csv`);
  }
  return readFolder(options.data_path, options, note);
}

/** Reads patients and views from DICOM files if they are needed and the list lacks them. */
async function completeFromFiles(
  root: string,
  listing: Listing,
  { split, view }: CreateOptions,
): Promise<Listing> {
  const lacksPatients = split > 0 && split < 1 &&
    listing.entries.some(({ patient }) => patient === undefined);
  const isViewWanted = view === undefined ? listing.hasViewsInFiles === true : view !== "all";
  const lacksViews = !listing.hasViews && isViewWanted;
  if (!lacksPatients && !lacksViews) return listing;
  const entries = await withDicomTags(root, listing.entries);
  const hasViews = listing.hasViews || (lacksViews && entries.some((entry) => entry.view !== undefined));
  return { ...listing, entries, hasViews };
}

function chooseView({ entries, hasViews, source }: Listing, view: string, options: CreateOptions): Entry[] {
  if (view === "all") return entries;
  if (!hasViews) {
    throw new UsageError(
      `--view ${view}: ${source} does not name the views, expected ${
        options.csv === undefined ? "--view all" : "--view_column"
      }`,
    );
  }
  const chosen = entries.filter((entry) => entry.view === view);
  if (chosen.length > 0) return chosen;
  const views = [...new Set(entries.map((entry) => entry.view ?? ""))].slice(0, 8);
  throw new DataError(
    `${options.csv}: none of ${entries.length} images is ${view}; its views are ${
      printable(views.join(", "), 200)
    }`,
  );
}

/**
 * The paths of published lists begin with the data set's own folder. It is removed if that is the data folder itself.
 */
async function relativeTo(root: string, entries: Entry[]): Promise<Entry[]> {
  const own = entries[0]!.path.split("/")[0]!;
  if (own === "" || entries.some(({ path }) => !path.startsWith(`${own}/`))) return entries;
  if (await Deno.stat(join(root, own)).then(() => true, () => false)) return entries;
  return entries.map((entry) => ({ ...entry, path: entry.path.slice(own.length + 1) }));
}

/** Files looked up before the whole list is processed. */
const trialFiles = 20;

/** Reports a wrong data folder in one line instead of one line for each image. */
async function requireAnyFile(
  root: string,
  entries: readonly Entry[],
  options: CreateOptions,
): Promise<void> {
  let reason = "";
  for (const { path } of entries.slice(0, trialFiles)) {
    try {
      return void await resolveInside(root, path);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      reason ||= `${printable(path, 200)}: ${error.message}`;
    }
  }
  const which = entries.length <= trialFiles
    ? "no listed image"
    : `none of the first ${trialFiles} listed images`;
  throw new DataError(`${options.data_path}: ${which} can be read from here (${reason})`);
}

function assignSplits(
  entries: readonly Entry[],
  { split, seed }: CreateOptions,
  { note }: CreateContext,
): PlannedEntry[] {
  const unnamed = entries.filter(({ patient }) => patient === undefined).length;
  if (unnamed > 0 && split > 0 && split < 1) {
    note(
      `no patient is known for ${unnamed} of ${entries.length} files, so each of them counts as its own patient; ` +
        "name the patients with --patient_column or --patient_pattern",
    );
  }
  const planned = entries.map((entry): PlannedEntry => {
    const patient = entry.patient ?? entry.path;
    const drawn = isForTraining(patient, split, seed) ? "train" : "valid";
    return { ...entry, patient, split: entry.split ?? drawn };
  });
  if (planned.some((_, index) => entries[index]!.split)) notePatientsInSeveral(planned, note);
  requireBothSides(planned.filter((_, index) => !entries[index]!.split), split);
  return planned;
}

/** @throws {DataError} if a share of the patients is for validation, but no patient is, or all are */
function requireBothSides(drawn: readonly PlannedEntry[], split: number): void {
  const splits = new Set(drawn.map((entry) => entry.split));
  if (splits.size !== 1 || split === 0 || split === 1) return;
  const patients = new Set(drawn.map(({ patient }) => patient)).size;
  const [purpose, other] = splits.has("train") ? ["training", "validation"] : ["validation", "training"];
  const who = patients === 1 ? "the only patient is" : `all ${patients} patients are`;
  throw new DataError(
    `--split ${split}: ${who} for ${purpose} and none for ${other}; expected --split 1 for one file without ` +
      "validation, another share, or another --seed",
  );
}

/** Official splits divide patients, too, so patients on several sides are worth a note. */
function notePatientsInSeveral(planned: readonly PlannedEntry[], note: (text: string) => void): void {
  const splits = new Map<string, Set<Split>>();
  for (const { patient, split } of planned) {
    splits.set(patient, (splits.get(patient) ?? new Set()).add(split));
  }
  const several = [...splits].filter(([, own]) => own.size > 1);
  if (several.length === 0) return;
  const who = several.length === 1 ? "1 patient has" : `${several.length} patients have`;
  note(
    `${who} images in more than one of train, valid and test, for instance ${printable(several[0]![0], 100)}`,
  );
}
