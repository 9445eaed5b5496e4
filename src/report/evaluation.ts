/** Classifier measures as text tables, JSON and ROC panels. */

import type { Interval } from "../metrics/bootstrap.ts";
import type {
  ClassifierMeasures,
  ClassMeasures,
  Difference,
  Differences,
} from "../metrics/classification.ts";
import type { RocPanel } from "./roc.ts";
import { textTable } from "./table.ts";

/** The measures of a classifier, and the name that distinguishes it from others. */
export interface NamedMeasures {
  name: string;
  measures: ClassifierMeasures;
}

const noArea = "one label only";

/** A table with a row for each class and one for their mean. */
export function measuresTable({ images, classes, mean }: ClassifierMeasures): string {
  const header = ["class", "AUROC", "95 % interval", "average precision", "prevalence", "labelled"];
  const rows = classes.map((each) => [
    each.name,
    decimal(each.auroc),
    each.auroc === null ? noArea : intervalText(each.interval),
    decimal(each.averagePrecision),
    each.prevalence === null ? null : `${(100 * each.prevalence).toFixed(1)} %`,
    images - each.unlabelled,
  ]);
  const last = [
    decimal(mean.auroc),
    intervalText(mean.interval),
    decimal(mean.averagePrecision),
    null,
    images,
  ];
  return textTable(header, [...rows, [meanName(mean.classes), ...last]]);
}

/**
 * A table of AUROCs with their 95 % intervals: a row for each class and one for the mean, a column for each
 * classifier.
 */
export function comparisonTable(classifiers: readonly NamedMeasures[]): string {
  const { classes, mean } = classifiers[0]!.measures;
  const rows = classes.map(({ name }, index) => [
    name,
    ...classifiers.map(({ measures }) => areaText(measures.classes[index]!)),
  ]);
  const last = [meanName(mean.classes), ...classifiers.map(({ measures }) => areaText(measures.mean))];
  return textTable(["AUROC", ...classifiers.map(({ name }) => name)], [...rows, last]);
}

/**
 * A table of AUROC differences from a reference classifier with their 95 % intervals: a row for each class and one
 * for the mean, a column for each other classifier.
 */
export function differencesTable(
  reference: NamedMeasures,
  others: readonly { name: string; differences: Differences }[],
): string {
  const { classes, mean } = reference.measures;
  const rows = classes.map(({ name }, index) => [
    name,
    ...others.map(({ differences }) => differenceText(differences.classes[index]!)),
  ]);
  const last = [meanName(mean.classes), ...others.map(({ differences }) => differenceText(differences.mean))];
  const header = ["AUROC", ...others.map(({ name }) => `${name} − ${reference.name}`)];
  return textTable(header, [...rows, last]);
}

function meanName(classes: number): string {
  return classes === 1 ? "mean of 1 class" : `mean of ${classes} classes`;
}

function decimal(value: number | null): string | null {
  return value === null ? null : value.toFixed(4);
}

function intervalText(interval: Interval | null): string | null {
  return interval && `${decimal(interval.low)}–${decimal(interval.high)}`;
}

function areaText({ auroc, interval }: { auroc: number | null; interval: Interval | null }): string {
  if (auroc === null) return noArea;
  return interval ? `${decimal(auroc)} (${intervalText(interval)})` : decimal(auroc)!;
}

function differenceText(difference: Difference | null): string | null {
  if (!difference) return null;
  const { auroc, interval } = difference;
  return interval ? `${signed(auroc)} (${signed(interval.low)} to ${signed(interval.high)})` : signed(auroc);
}

function signed(value: number): string {
  const digits = Math.abs(value).toFixed(4);
  return Number(digits) === 0 ? digits : `${value < 0 ? "−" : "+"}${digits}`;
}

/** The panels of a ROC picture: one with all classes of a single classifier, or one for each class of several. */
export function rocPanels(classifiers: readonly NamedMeasures[]): RocPanel[] {
  const line = (name: string, { auroc, curve }: ClassMeasures) => ({ name, auroc, curve });
  const [first] = classifiers;
  if (classifiers.length === 1) {
    return [{ title: first!.name, lines: first!.measures.classes.map((each) => line(each.name, each)) }];
  }
  return first!.measures.classes.map(({ name: title }, index) => ({
    title,
    lines: classifiers.map(({ name, measures }) => line(name, measures.classes[index]!)),
  }));
}

/** The measures as JSON, under the names that metrics.jsonl uses. Intervals are [low, high]. */
export function measuresJson({ images, classes, mean }: ClassifierMeasures): Record<string, unknown> {
  return {
    images,
    auroc_mean: mean.auroc,
    auroc_mean_interval: pair(mean.interval),
    average_precision_mean: mean.averagePrecision,
    classes_in_mean: mean.classes,
    classes: classes.map((
      { name, auroc, interval, averagePrecision, prevalence, positives, negatives, unlabelled },
    ) => ({
      name,
      auroc,
      auroc_interval: pair(interval),
      average_precision: averagePrecision,
      prevalence,
      positives,
      negatives,
      unlabelled,
    })),
  };
}

/** The AUROC differences as JSON. Intervals are [low, high]. */
export function differencesJson(
  { classes, mean }: Differences,
  names: readonly string[],
): Record<string, unknown> {
  const json = (difference: Difference | null) => ({
    auroc: difference?.auroc ?? null,
    interval: pair(difference?.interval ?? null),
  });
  return { mean: json(mean), classes: classes.map((each, index) => ({ name: names[index], ...json(each) })) };
}

function pair(interval: Interval | null): [number, number] | null {
  return interval && [interval.low, interval.high];
}
