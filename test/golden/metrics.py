"""What scikit-learn makes of scores and labels that test/metrics/cases.ts makes too, from the same random numbers.

No inputs are stored: a case is a handful of numbers, by which scores and labels follow from its name (see `make_case`).
"""

import math
import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from hashing import join_keys, key_of, random_bits, random_uniform

# Images, distinct scores, share of positives, how far these are ahead, and share of images without a label.
CASES = [
    ("smooth", 500, 16777216, 0.3, 0.2, 0.0),
    ("ties", 700, 7, 0.4, 0.3, 0.0),
    ("ties_everywhere", 300, 2, 0.5, 0.1, 0.0),
    ("constant", 50, 1, 0.5, 0.0, 0.0),
    ("rare", 2000, 100, 0.01, 0.5, 0.0),
    ("common", 400, 1000, 0.95, 0.2, 0.0),
    ("unlabelled", 600, 50, 0.3, 0.3, 0.4),
    ("worse_than_chance", 200, 30, 0.5, -0.6, 0.0),
    ("parted", 100, 1000, 0.5, 1.0, 0.0),
    ("few", 6, 3, 0.5, 0.2, 0.0),
    ("large", 60000, 5000, 0.2, 0.1, 0.1),
    ("no_positives", 40, 10, 0.0, 0.0, 0.0),
    ("no_negatives", 40, 10, 1.1, 0.0, 0.0),
    ("none_labelled", 20, 10, 0.5, 0.0, 1.1),
]
SEED, ROUNDS = 816, 200
MOST_POINTS, MOST_BOOTSTRAPPED = 110, 2000


def make_case(name, count, levels, prevalence, ahead, unlabelled):
    """Scores are whole numbers, so that both languages have the same ties."""
    images = np.arange(count)
    labels = (random_uniform(key_of(name + ".label"), images) < prevalence).astype(np.float64)
    scores = np.floor(levels * (random_uniform(key_of(name + ".score"), images) + ahead * labels))
    labels[random_uniform(key_of(name + ".unlabelled"), images) < unlabelled] = math.nan
    return scores, labels


def bootstrap(scores, labels):
    """The percentile interval, and how many rounds had both labels."""
    count, values = len(scores), []
    for round_ in range(ROUNDS):
        drawn = np.floor(random_bits(join_keys(SEED, round_), np.arange(count)) / 4294967296 * count).astype(int)
        drawn = drawn[~np.isnan(labels[drawn])]
        if len(set(labels[drawn])) == 2:
            values.append(roc_auc_score(labels[drawn], scores[drawn]))
    low, high = np.quantile(values, [0.025, 0.975])
    return {"low": low, "high": high, "rounds": len(values)}


def golden(case):
    scores, labels = make_case(*case)
    names = ["name", "count", "levels", "prevalence", "ahead", "unlabelled"]
    known = ~np.isnan(labels)
    result = dict(zip(names, case), positives=int((labels == 1).sum()), negatives=int((labels == 0).sum()))
    if len(set(labels[known])) < 2:
        return {**result, "auroc": None, "average_precision": None}
    result["auroc"] = roc_auc_score(labels[known], scores[known])
    result["average_precision"] = average_precision_score(labels[known], scores[known])
    if len(scores) <= MOST_BOOTSTRAPPED:
        result["bootstrap"] = bootstrap(scores, labels)
    false_positive_rate, true_positive_rate, _ = roc_curve(labels[known], scores[known], drop_intermediate=False)
    if len(false_positive_rate) <= MOST_POINTS:
        result["roc"] = [false_positive_rate.tolist(), true_positive_rate.tolist()]
    return result


def metric_goldens():
    """{seed, rounds} of the bootstrap, and the cases with their results."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UndefinedMetricWarning)
        return {"seed": SEED, "rounds": ROUNDS}, [golden(case) for case in CASES]
