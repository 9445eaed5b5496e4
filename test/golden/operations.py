"""Goldens of single operations: PyTorch in float64, on the inputs of test/operation_cases.ts, stored as float32.

`/usr/bin/python3 test/golden/operations.py` makes operations.json and operations.bin.gz alone (deno must be in the PATH); it needs
Debian's python3-torch and python3-numpy.
"""

import hashlib
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True

import numpy as np
import torch
import torch.nn.functional as F

import classifier_operations
import normalisation_operations
from hashing import join_keys, key_of, random_uniform, uniform_array
from store import Store, write_goldens

FOLDER = os.path.dirname(os.path.abspath(__file__))


def case_key(case):
    return key_of(f"{case['operation']}/{case['name']}")


def input_values(entry, key):
    """One input, as `inputValues` of test/case_values.ts makes it."""
    shape, kind = entry["shape"], entry.get("kind", "uniform")
    low, high = entry.get("low", -1), entry.get("high", 1)
    counter = np.arange(int(np.prod(shape)))
    if kind == "repeated":
        column = counter % shape[-1]
        counter = counter - column + column % -(-shape[-1] // 2)
    values = low + (high - low) * random_uniform(key, counter)
    if kind in ("integers", "codes"):
        values = np.floor(values)
    return values.astype(np.float32).reshape(shape)


def case_inputs(case):
    return [input_values(entry, join_keys(case_key(case), k)) for k, entry in enumerate(case["inputs"])]


def case_weights(case, length):
    return uniform_array(join_keys(case_key(case), 1000), length, -1, 1)


def conv2d(a, x, weight, bias=None):
    top, left, bottom, right = a["padding"]
    padded = F.pad(x, (left, right, top, bottom))
    return F.conv2d(padded, weight, bias, stride=a["stride"], dilation=a.get("dilation", 1))


def conv_transpose2d(a, x, weight, bias=None):
    top, left, bottom, right = a["padding"]
    if top == bottom and left == right:
        return F.conv_transpose2d(
            x, weight, bias, stride=a["stride"], padding=(top, left), output_padding=a["outputPadding"]
        )
    more_y, more_x = a["outputPadding"]
    whole = F.conv_transpose2d(x, weight, stride=a["stride"])
    cropped = F.pad(whole, (-left, more_x - right, -top, more_y - bottom))
    return cropped if bias is None else cropped + bias[:, None, None]


DIFFERENTIABLE = {
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "relu": lambda a, x: F.relu(x),
    "add": lambda a, x, y: x + y,
    "subtract": lambda a, x, y: x - y,
    "multiply": lambda a, x, y: x * y,
    "scale": lambda a, x: x * a["factor"],
    "concat": lambda a, *parts: torch.cat(parts, dim=a["axis"]),
    "slice_channels": lambda a, x: x[:, a["start"] : a["start"] + a["count"]],
    "mse": lambda a, x, y: F.mse_loss(x, y),
    "sum": lambda a, x: x.sum(),
    "mean": lambda a, x: x.mean(),
    "channel_sum": lambda a, x: x.sum(dim=(0, 2, 3)),
    **classifier_operations.DIFFERENTIABLE,
    **normalisation_operations.DIFFERENTIABLE,
}

INPUTS_WITH_GRADIENT = {
    **classifier_operations.INPUTS_WITH_GRADIENT,
    **normalisation_operations.INPUTS_WITH_GRADIENT,
}


def as_rows(x):
    """[B, D, H, W] as one row of length D a pixel."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def squared_distances(x, embed):
    return torch.stack([(row[:, None] - embed).square().sum(0) for row in as_rows(x)])


def first_nearest(distances):
    """torch.argmin promises no order among equal values; NumPy's takes the first."""
    return torch.from_numpy(distances.numpy().argmin(1))


def margin(distances):
    """The smallest gap between a pixel's best distance and the next that is not equal to it."""
    best = distances.min(1, keepdim=True).values
    gaps = torch.where(distances > best, distances - best, torch.full_like(distances, float("inf")))
    return gaps.min().item()


def nearest_code(a, x, embed):
    distances = squared_distances(x, embed)
    gap = margin(distances)
    assert gap > 1e-4, f"codes are too close to call in float32: {gap}"
    batch, _, height, width = x.shape
    return {"codes": first_nearest(distances).reshape(batch, height, width)}


def gather_code(a, codes, embed):
    return {"output": F.embedding(codes.long(), embed.t()).permute(0, 3, 1, 2)}


def code_statistics(a, x, codes):
    one_hot = F.one_hot(codes.long().reshape(-1), a["codes"]).to(x.dtype)
    return {"counts": one_hot.sum(0), "sums": as_rows(x).t() @ one_hot}


def ema_update(a, x, embed, embed_avg, cluster_size):
    decay, epsilon, count = a["decay"], a["epsilon"], embed.shape[1]
    one_hot = F.one_hot(first_nearest(squared_distances(x, embed)), count).to(x.dtype)
    cluster_size = decay * cluster_size + (1 - decay) * one_hot.sum(0)
    embed_avg = decay * embed_avg + (1 - decay) * as_rows(x).t() @ one_hot
    total = cluster_size.sum()
    size = (cluster_size + epsilon) / (total + count * epsilon) * total
    return {"embed": embed_avg / size, "embed_avg": embed_avg, "cluster_size": cluster_size}


def adam(a, parameter, *gradients):
    parameter = parameter.clone().requires_grad_()
    betas = (a["beta1"], a["beta2"])
    decay = a.get("weightDecay", 0)
    optimizer = torch.optim.Adam([parameter], lr=a["lr"], betas=betas, eps=a["epsilon"], weight_decay=decay)
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
    state = optimizer.state[parameter]
    return {"parameter": parameter.detach(), "mean": state["exp_avg"], "square": state["exp_avg_sq"]}


OTHERS = {
    "channels_last": lambda a, x: {"output": x},
    "nearest_code": nearest_code,
    "gather_code": gather_code,
    "code_statistics": code_statistics,
    "ema_update": ema_update,
    "adam": adam,
}


def golden(case, store):
    inputs = case_inputs(case)
    entry = {
        "operation": case["operation"],
        "name": case["name"],
        "inputs": [hashlib.sha256(values.tobytes()).hexdigest()[:16] for values in inputs],
    }
    tensors = [torch.from_numpy(values).double() for values in inputs]
    operation, attributes = case["operation"], case["attributes"]
    if operation in OTHERS:
        outputs = OTHERS[operation](attributes, *tensors)
        return {**entry, "outputs": {name: store.add(each) for name, each in outputs.items()}, "gradients": []}
    count = INPUTS_WITH_GRADIENT.get(operation, len(tensors))
    wanted = [each.requires_grad_() for each in tensors[:count]]
    results = DIFFERENTIABLE[operation](attributes, *tensors)
    outputs = results if isinstance(results, dict) else {"output": results}
    output = outputs["output"]
    upstream = torch.from_numpy(case_weights(case, output.numel())).double().reshape(output.shape)
    gradients = torch.autograd.grad((output * upstream).sum(), wanted)
    stored = {name: store.add(each.detach()) for name, each in outputs.items()}
    return {**entry, "outputs": stored, "gradients": [store.add(each) for each in gradients]}


def exported_cases():
    command = ["deno", "run", os.path.join(FOLDER, "export_cases.ts")]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def write_operations():
    """Writes the goldens of all cases with `golden`."""
    store = Store()
    entries = [golden(case, store) for case in exported_cases() if case.get("golden")]
    header = {"torch": torch.__version__, "numpy": np.__version__, "threads": torch.get_num_threads()}
    write_goldens(FOLDER, "operations", header, "cases", store, entries)


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_operations()
