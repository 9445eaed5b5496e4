"""PyTorch's side of test/cases/pooling.ts and test/cases/logistic.ts; see operations.py."""

import torch
import torch.nn.functional as F


def padded(a, x, value):
    """The input, the attributes' padding that is left to PyTorch, and its ceil mode; uneven padding is laid around x here."""
    top, left, bottom, right = a["padding"]
    if top == bottom and left == right:
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), (0, 0)


def max_pool2d(a, x):
    x, padding = padded(a, x, float("-inf"))
    return F.max_pool2d(x, a["kernel"], a["stride"], padding, ceil_mode=a.get("ceilMode", False))


def average_pool2d(a, x):
    def mean(values, count_padding):
        values, padding = padded(a, values, 0)
        ceil_mode = a.get("ceilMode", False)
        return F.avg_pool2d(values, a["kernel"], a["stride"], padding, ceil_mode, count_padding)

    if a.get("countIncludePadding", True):
        return mean(x, True)
    if padded(a, x, 0)[0] is x:
        return mean(x, False)
    return mean(x, True) / mean(torch.ones_like(x), True)


def logistic_loss(a, logits, positive, negative):
    """
    The two weights of each logit are those of a label between zero and one: BCELoss weighs −ln σ(x) by w·t and −ln(1 − σ(x)) by
    w·(1 − t), BCEWithLogitsLoss the first by pos_weight besides. A missing label has no weight.
    """
    if a["loss"] == "bounded_softplus":
        # In float64 1 − σ(x) is exactly zero from x = 37 on, so that BCELoss itself is at its bound long before 100.
        losses = [F.softplus(x, threshold=1000).clamp(max=100) for x in (-logits, logits)]
        return (positive * losses[0] + negative * losses[1]).sum()
    if a["loss"] == "bce_with_logits":
        pos_weight = torch.linspace(0.5, 7, logits.shape[1], dtype=logits.dtype).reshape(1, -1, 1, 1)
        labels, weight = label_and_weight(positive / pos_weight, negative)
        return torch.nn.BCEWithLogitsLoss(weight, pos_weight=pos_weight, reduction="sum")(logits, labels)
    labels, weight = label_and_weight(positive, negative)
    return torch.nn.BCELoss(weight, reduction="sum")(torch.sigmoid(logits), labels)


def label_and_weight(positive, negative):
    weight = (positive + negative).detach()
    labels = positive.detach() / torch.where(weight > 0, weight, torch.ones_like(weight))
    return labels, weight


DIFFERENTIABLE = {
    "max_pool2d": max_pool2d,
    "average_pool2d": average_pool2d,
    "global_average_pool2d": lambda a, x: F.adaptive_avg_pool2d(x, 1),
    "sigmoid": lambda a, x: torch.sigmoid(x),
    "logistic_loss": logistic_loss,
}

# Operations of which only so many inputs, the first ones, have a gradient.
INPUTS_WITH_GRADIENT = {"logistic_loss": 1}
