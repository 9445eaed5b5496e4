/** The measures of a whole classifier: class by class, their mean, and how it differs from another on the same images. */

import { auroc, averagePrecision, type RocCurve, rocCurve } from "./auroc.ts";
import {
  type BootstrapOptions,
  bootstrapRounds,
  type Interval,
  meanRounds,
  percentileInterval,
  type ScoredClass,
} from "./bootstrap.ts";

/** What a classifier said of every image, and what is true; both [images, classes], row after row. */
export interface ScoreTable {
  classNames: readonly string[];
  scores: Float32Array;
  /** 1 is positive, NaN is unlabelled, anything else is negative. */
  labels: Float32Array;
}

/** Measures of one class. Null where the images have one kind of label only, or an interval had no rounds to come from. */
export interface ClassMeasures {
  name: string;
  auroc: number | null;
  interval: Interval | null;
  averagePrecision: number | null;
  curve: RocCurve | null;
  positives: number;
  negatives: number;
  unlabelled: number;
  /** The share of positives among the images with a label; null where there are none. */
  prevalence: number | null;
}

/** Means over the classes that have both labels; null where there are none. */
export interface MeanMeasures {
  auroc: number | null;
  interval: Interval | null;
  averagePrecision: number | null;
  /** How many classes that is. */
  classes: number;
}

export interface ClassifierMeasures {
  images: number;
  classes: ClassMeasures[];
  mean: MeanMeasures;
  /** The AUROC of each class in each round of the bootstrap, [classes][rounds]. */
  rounds: Float64Array<ArrayBuffer>[];
}

/** Measures a classifier. Intervals are of the bootstrap; that of the mean averages the classes within each round. */
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

/** What a classifier said of every image for one class, and what is true. */
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

/** An AUROC less that of another classifier. */
export interface Difference {
  auroc: number;
  interval: Interval | null;
}

/** Differences class by class, null where there is no AUROC, and that of the means. */
export interface Differences {
  classes: (Difference | null)[];
  mean: Difference | null;
}

/**
 * How far a classifier is ahead of another. Both must have seen the same images in the same order, and their bootstraps the same
 * seed: the intervals are of the differences within each round (paired bootstrap), which are much narrower than the two classifiers'
 * own intervals, since an image that is hard for one is mostly hard for the other.
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
