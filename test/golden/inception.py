"""Inception features and Fréchet distances, which test/models/inception and test/metrics make too, from the same random numbers.

The network is torchvision's with random weights (no file of weights is needed) and with the pooling of TensorFlow's network of 2015, as the project
pytorch-fid has it: averages leave the padding out, and the last block's pooling takes maxima.
"""

import warnings

import numpy as np
import scipy
import torch
import torch.nn.functional as F
import torchvision
from scipy.linalg import sqrtm

from hashing import key_of, random_uniform, uniform_array
from store import Store

# Pictures' name, channels, height, width.
PICTURES = [("color", 3, 200, 340), ("gray", 1, 64, 48)]
# Name, numbers in a feature, features of each set.
DISTANCES = [("many", 12, 60, 40), ("few", 24, 9, 15), ("as_many_as_numbers", 16, 16, 17), ("two", 5, 2, 2), ("flat", 10, 40, 40)]
SIDE = 299


def unit_weight(key, shape):
    """He's bound for ReLU, so that the signal neither fades nor explodes through the layers."""
    bound = np.sqrt(6 / np.prod(shape[1:]))
    return uniform_array(key_of(key), int(np.prod(shape)), -bound, bound).reshape(shape)


def tensor_of(key, shape):
    if key.endswith("conv.weight") or len(shape) > 1:
        return unit_weight(key, shape)
    low, high = {"weight": (0.8, 1.2), "bias": (-0.2, 0.2), "running_mean": (-0.2, 0.2), "running_var": (0.5, 1.5)}[
        key.split(".")[-1]
    ]
    return uniform_array(key_of(key), int(np.prod(shape)), low, high).reshape(shape)


def network():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False, transform_input=False)
    state = {
        key: torch.from_numpy(tensor_of(key, tuple(value.shape))) if value.is_floating_point() else value
        for key, value in model.state_dict().items()
    }
    model.load_state_dict(state)
    model.fc = torch.nn.Identity()
    return model.double().eval()


def pool(x, key):
    if key == "Mixed_7c":
        return F.max_pool2d(x, 3, 1, 1)
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def patch(model):
    """Replaces the pooling of the blocks that average, by calling each block's own branches."""
    for key, block in model.named_children():
        if type(block).__name__ not in ("InceptionA", "InceptionC", "InceptionE"):
            continue

        def forward(x, key=key, block=block, original=block._forward):
            *others, _ = original(x)
            return torch.cat([*others, block.branch_pool(pool(x, key))], 1)

        block.forward = forward
    return model


def picture(name, channels, height, width):
    values = np.floor(256 * random_uniform(key_of(name), np.arange(channels * height * width)))
    values = values.reshape(1, channels, height, width) / 255
    tensor = torch.from_numpy(np.repeat(values, 3, 1) if channels == 1 else values)
    return 2 * F.interpolate(tensor, size=(SIDE, SIDE), mode="bilinear", align_corners=False) - 1


def inception_goldens():
    model, store, entries = patch(network()), Store(), []
    for name, channels, height, width in PICTURES:
        image = picture(name, channels, height, width)
        with torch.no_grad():
            features = model(image)
        entry = {"name": name, "channels": channels, "height": height, "width": width}
        entries.append({**entry, "input": store.add(image[0]), "features": store.add(features[0])})
    return store, entries


def features_of(name, size, count, which):
    values = uniform_array(key_of(f"{name}.{which}"), count * size, -1, 1).astype(np.float64).reshape(count, size)
    if name == "flat":
        # Two numbers that say the same, and one that says nothing.
        values[:, 1] = 2 * values[:, 0]
        values[:, 2] = 0.5
    return values * np.linspace(0.5, 2, size) + which / 4


def distance(name, size, first_count, second_count):
    first, second = features_of(name, size, first_count, 0), features_of(name, size, second_count, 1)
    covariances = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = sqrtm(sqrtm(covariances[0]) @ covariances[1] @ sqrtm(covariances[0]))
    between = first.mean(0) - second.mean(0)
    value = between @ between + np.trace(covariances[0] + covariances[1]) - 2 * np.trace(root).real
    return {"name": name, "size": size, "first": first_count, "second": second_count, "distance": float(value)}


def distance_goldens():
    return {"scipy": scipy.__version__, "numpy": np.__version__}, [distance(*case) for case in DISTANCES]
