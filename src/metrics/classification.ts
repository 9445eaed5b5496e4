/** Measures of a multi-label classifier: by class, their means, and differences between two classifiers. */

import { auroc, averagePrecision, type RocCurve, rocCurve } from "./auroc.ts";
import {
  type BootstrapOptions,
  bootstrapRounds,
  type Interval,
  meanRounds,
  percentileInterval,
  type ScoredClass,
} from "./bootstrap.ts";

/** A classifier's scores and the true labels, both [images, classes] in row-major order. */
export interface ScoreTable {
  classNames: readonly string[];
  scores: Float32Array;
  /** 1 is positive, NaN is unknown, anything else is negative. */
  labels: Float32Array;
}

/**
 * The measures of one class. Those that need both positives and negatives are null if one of them is missing. The
 * interval is also null if the bootstrap had no rounds.
 */
export interface ClassMeasures {
  name: string;
  auroc: number | null;
  interval: Interval | null;
  averagePrecision: number | null;
  curve: RocCurve | null;
  positives: number;
  negatives: number;
  /** Images whose label is unknown. */
  unlabelled: number;
  /** The share of positives among the images with a known label; null if there are none. */
  prevalence: number | null;
}

/** Means over the classes that have both positives and negatives; null if there are no such classes. */
export interface MeanMeasures {
  auroc: number | null;
  interval: Interval | null;
  averagePrecision: number | null;
  /** The number of classes in the means. */
  classes: number;
}

/** The measures of a classifier. */
export interface ClassifierMeasures {
  images: number;
  classes: ClassMeasures[];
  mean: MeanMeasures;
  /** The AUROC of each class in each round of the bootstrap, [classes][rounds]. */
  rounds: Float64Array<ArrayBuffer>[];
}

/**
 * Measures a classifier. All intervals come from one bootstrap: the interval of the mean AUROC is that of the rounds'
 * means over the classes.
 *
 * @throws {DataError} if the score of an image with a known label is NaN
 */
export function measureClassifier(table: ScoreTable, bootstrap: BootstrapOptions): ClassifierMeasures {
  const columns = table.classNames.map((_, index) => columnOf(table, index));
  const rounds = bootstrapRounds(columns, bootstrap);
  const classes = columns.map(({ scores, labels }, index) => ({
    name: table.classNames[index]!,
    auroc: auroc(scores, labels),
    interval: percentileInterval(rounds[index]!),
    averagePrecision: averagePrecision(scores, labels),
    curve: rocCurve(scores, labels),
    ...countLabels(labels),
  }));
  const measured = classes.filter((each) => each.auroc !== null);
  const mean = {
    auroc: average(measured.map((each) => each.auroc!)),
    interval: percentileInterval(meanRounds(rounds)),
    averagePrecision: average(measured.map((each) => each.averagePrecision!)),
    classes: measured.length,
  };
  return { images: columns[0]?.labels.length ?? 0, classes, mean, rounds };
}

/** The scores and labels of one class, both [images]. */
export function columnOf(
  { classNames, scores, labels }: ScoreTable,
  index: number,
): ScoredClass & { labels: Float32Array } {
  const width = classNames.length;
  const column = (values: Float32Array) =>
    Float32Array.from({ length: values.length / width }, (_, image) => values[image * width + index]!);
  return { scores: column(scores), labels: column(labels) };
}

function countLabels(
  labels: Float32Array,
): Pick<ClassMeasures, "positives" | "negatives" | "unlabelled" | "prevalence"> {
  let [positives, unlabelled] = [0, 0];
  for (const label of labels) {
    if (label === 1) positives++;
    if (Number.isNaN(label)) unlabelled++;
  }
  const labelled = labels.length - unlabelled;
  const prevalence = labelled === 0 ? null : positives / labelled;
  return { positives, negatives: labelled - positives, unlabelled, prevalence };
}

function average(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The AUROC of a classifier minus that of another one. */
export interface Difference {
  auroc: number;
  interval: Interval | null;
}

/** The differences by class, null for classes without an AUROC, and the difference of the means. */
export interface Differences {
  classes: (Difference | null)[];
  mean: Difference | null;
}

/**
 * The differences in AUROC between a classifier and a reference. Both must have been measured on the same images in
 * the same order, with the same bootstrap options.
 *
 * The intervals are those of the differences within each round (a paired bootstrap). They are much narrower than the
 * two classifiers' own intervals suggest, because an image that is hard for one classifier is usually hard for the
 * other, too.
 */
export function differences(measures: ClassifierMeasures, reference: ClassifierMeasures): Differences {
  const difference = (
    own: number | null,
    other: number | null,
    rounds: Float64Array,
    others: Float64Array,
  ) => {
    if (own === null || other === null) return null;
    return {
      auroc: own - other,
      interval: percentileInterval(rounds.map((value, round) => value - others[round]!)),
    };
  };
  return {
    classes: measures.classes.map((own, index) =>
      difference(
        own.auroc,
        reference.classes[index]!.auroc,
        measures.rounds[index]!,
        reference.rounds[index]!,
      )
    ),
    mean: difference(
      measures.mean.auroc,
      reference.mean.auroc,
      meanRounds(measures.rounds),
      meanRounds(reference.rounds),
    ),
  };
}
