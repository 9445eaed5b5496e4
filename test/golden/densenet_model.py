"""torchvision's DenseNet as a classifier of medical images has it, its weights from the streams of their keys, and its files."""

import collections
import os
import re

import numpy as np
import torch
import torchvision
from torch import nn

from hashing import key_of, uniform_array

DENSENET121 = {"growth_rate": 32, "block_layers": [6, 12, 24, 16], "initial_features": 64, "bottleneck_factor": 4}


def torchvision_model(configuration, classes):
    return torchvision.models.DenseNet(
        growth_rate=configuration["growth_rate"],
        block_config=tuple(configuration["block_layers"]),
        num_init_features=configuration["initial_features"],
        bn_size=configuration["bottleneck_factor"],
        num_classes=classes,
    )


class Classifier(nn.Module):
    """DenseNet with a head of sigmoids and, for latents, a 1×1 transposed convolution to three channels in front."""

    def __init__(self, configuration):
        super().__init__()
        classes, channels = configuration["n_classes"], configuration["latent_channels"]
        if all(configuration[key] == value for key, value in DENSENET121.items()):
            self.model = torchvision.models.densenet121()
        else:
            self.model = torchvision_model(configuration, classes)
        features = self.model.classifier.in_features
        self.model.classifier = nn.Sequential(nn.Linear(features, classes), nn.Sigmoid())
        if channels > 0:
            self.init_conv = nn.ConvTranspose2d(channels, 3, 1)

    def forward(self, x):
        return self.model(self.init_conv(x) if hasattr(self, "init_conv") else x)


def norms(module):
    """The batch normalisations by name, in the order in which a forward pass meets them."""
    return {name: each for name, each in module.named_modules() if isinstance(each, nn.BatchNorm2d)}


def stream(key, shape, low, high):
    count = int(np.prod(shape))
    return torch.from_numpy(uniform_array(key_of(key), count, low, high)).reshape(shape)


def hash_weights(module, scale):
    """
    Fills everything from the stream of its own key, uniformly: weights in ±√6/√fan_in (He's variance), `scale` times that in
    convolutions with a batch normalisation behind them, biases in ±1/√fan_in; batch normalisations' weights in [0.75, 1.25), biases in
    ±0.25, running means in ±0.25·scale, running variances in [0.75, 1.5)·scale².
    """
    state = module.state_dict()
    for key, tensor in state.items():
        name = key.rpartition(".")[2]
        if name == "num_batches_tracked":
            tensor.fill_(100)
        elif name == "running_mean":
            tensor.copy_(stream(key, tensor.shape, -0.25 * scale, 0.25 * scale))
        elif name == "running_var":
            tensor.copy_(stream(key, tensor.shape, 0.75 * scale**2, 1.5 * scale**2))
        elif re.search(r"norm\d?\.\w+$", key):
            tensor.copy_(stream(key, tensor.shape, *((0.75, 1.25) if name == "weight" else (-0.25, 0.25))))
        else:
            fan_in = state[key.replace(".bias", ".weight")][0].numel()
            gain = 1 if name == "bias" else np.sqrt(6) * (scale if "features." in key else 1)
            bound = gain / np.sqrt(fan_in)
            tensor.copy_(stream(key, tensor.shape, -bound, bound))


def statistics_of(module):
    return [(key, each) for key, each in module.named_buffers() if not key.endswith("num_batches_tracked")]


def old_spelling(state):
    """As PyTorch wrote it before 0.4: layers' names with dots, nothing counted, and no versions of modules beside the keys."""
    return collections.OrderedDict(
        (re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", key), value)
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")
    )


def state_in(module, file):
    if file["prefix"]:
        return nn.ModuleDict({file["prefix"].rstrip("."): module}).state_dict()
    return old_spelling(module.state_dict()) if file["old"] else module.state_dict()


def save(module, file, folder):
    """Writes the state dict, unless a file with the same content is there: legacy files hold memory addresses."""
    path = os.path.join(folder, file["name"])
    state = state_in(module, file)
    if os.path.exists(path):
        old = torch.load(path)
        if list(old) == list(state) and all(torch.equal(old[key], state[key]) for key in state):
            return
    torch.save(state, path, _use_new_zipfile_serialization=file["format"] == "zip")
