"""PyTorch's side of test/cases/normalisation.ts and test/cases/parts.ts; see operations.py. The first of several outputs has the gradients."""

import torch
import torch.nn.functional as F


def batch_norm(a, x, weight, bias, running_mean, running_var):
    """The output, and in training the running statistics behind it."""
    statistics = [running_mean.detach().clone(), running_var.detach().clone()]
    y = F.batch_norm(x, *statistics, weight, bias, training=a["training"], momentum=0.1, eps=1e-5)
    outputs = {"output": F.relu(y) if a["relu"] else y}
    if a["training"]:
        outputs |= {"running_mean": statistics[0], "running_var": statistics[1]}
    return outputs


def normalised_conv2d(a, x, weight, bias, kernel):
    top, left, _, _ = a["padding"]
    z = F.batch_norm(x, None, None, weight, bias, training=True, eps=1e-5)
    return F.conv2d(F.relu(z) if a["relu"] else z, kernel, None, a["stride"], (top, left))


def moments(a, x):
    return torch.stack([x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), unbiased=False)], dim=1)[None, :, :, None]


DIFFERENTIABLE = {
    "batch_norm": batch_norm,
    "normalised_conv2d": normalised_conv2d,
    "moments": moments,
    "append": lambda a, x, y: torch.cat([x, y], dim=1),
    "narrow": lambda a, x: x[:, a["start"] : a["start"] + a["count"]],
}

# Statistics are no parameters.
INPUTS_WITH_GRADIENT = {"batch_norm": 3}
