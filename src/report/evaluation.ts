/** How the measures of classifiers are told: tables for a terminal, and JSON. */

import type { Interval } from "../metrics/bootstrap.ts";
import type {
  ClassifierMeasures,
  ClassMeasures,
  Difference,
  Differences,
} from "../metrics/classification.ts";
import type { RocPanel } from "./roc.ts";
import { textTable } from "./table.ts";

/** A classifier's measures, and what it is called beside others. */
export interface NamedMeasures {
  name: string;
  measures: ClassifierMeasures;
}

const noArea = "one label only";

/** Class by class and their mean: AUROC with its 95 % interval, average precision, prevalence, and images with a label. */
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

/** Classifiers side by side: AUROC with its 95 % interval, class by class and their mean. */
export function comparisonTable(classifiers: readonly NamedMeasures[]): string {
  const { classes, mean } = classifiers[0]!.measures;
  const rows = classes.map(({ name }, index) => [
    name,
    ...classifiers.map(({ measures }) => areaText(measures.classes[index]!)),
  ]);
  const last = [meanName(mean.classes), ...classifiers.map(({ measures }) => areaText(measures.mean))];
  return textTable(["AUROC", ...classifiers.map(({ name }) => name)], [...rows, last]);
}

/** How far other classifiers are from the first, class by class and in the mean, with the 95 % intervals of the differences. */
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

/** The panels of a picture: all classes of one classifier, or for each class the curves of several. */
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

/** Measures with the names that a run's metrics.jsonl has; intervals are [low, high]. */
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

/** Differences in AUROC by the classes' names; intervals are [low, high]. */
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
