"""Writes test/data_files/torch/forms_*.pt: one tiny DenseNet classifier as training scripts and published checkpoints save it, and
forms.json with its logits in evaluation mode on three images, whose pixels are (i mod 23) / 23 - 0.5.

    /usr/bin/python3 test/golden/densenet_forms.py

Made with PyTorch 1.13 and torchvision 0.14.
"""

import argparse
import collections
import json
import os
import re

import torch
import torchvision
from torch import nn

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data_files", "torch")
CLASSES = 3


def without_source(*_):
    """The legacy format saves modules with their source code, which these files do not need."""
    raise OSError


torch.serialization.get_source_lines_and_file = without_source


class Published(nn.Module):
    """The network as CheXNet's reimplementations have it."""

    def __init__(self, network):
        super().__init__()
        self.densenet121 = network


class Original(nn.Module):
    """The class of the original repository: it always has an init_conv, which it uses for latents only."""

    def __init__(self, network):
        super().__init__()
        self.model = network
        self.init_conv = nn.ConvTranspose2d(2, 3, 1)


class Compiled(nn.Module):
    """What torch.compile wraps around a module."""

    def __init__(self, module):
        super().__init__()
        self._orig_mod = module


class System(nn.Module):
    """A Lightning module: the network beside other things that have tensors."""

    def __init__(self, network):
        super().__init__()
        self.net = network
        self.criterion = nn.BCEWithLogitsLoss(pos_weight=torch.ones(CLASSES))


class Pair(nn.Module):
    """Two networks in one state dict."""

    def __init__(self, network, other):
        super().__init__()
        self.model = network
        self.model_ema = other


def network(seed):
    torch.manual_seed(seed)
    result = torchvision.models.DenseNet(4, (2, 2, 2, 2), 8, 1, num_classes=CLASSES)
    result.classifier = nn.Sequential(nn.Linear(result.classifier.in_features, CLASSES), nn.Sigmoid())
    result.train()(torch.rand(4, 3, 32, 32))
    return result.eval()


def old(state):
    """The spelling of torchvision before 0.3."""
    return collections.OrderedDict(
        (re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", key), value)
        for key, value in state.items() if not key.endswith("num_batches_tracked")
    )


def save(name, value, legacy=False):
    torch.save(value, os.path.join(FOLDER, f"forms_{name}.pt"), _use_new_zipfile_serialization=not legacy)


def main():
    net, other = network(1), network(2)
    plain = nn.Sequential(collections.OrderedDict(model=net)).state_dict()
    bare = network(1)
    bare.classifier = bare.classifier[0]
    images = (torch.arange(3 * 3 * 32 * 32) % 23 / 23 - 0.5).reshape(3, 3, 32, 32)
    with torch.no_grad():
        logits = bare(images)
    with open(os.path.join(FOLDER, "forms.json"), "w") as file:
        json.dump({"logits": logits.flatten().tolist()}, file)
        file.write("\n")

    save("original", Original(net).state_dict())
    save("published", {"epoch": 3, "state_dict": nn.DataParallel(Published(net)).state_dict(), "best_loss": 0.5})
    save("published_old", {"state_dict": old(nn.DataParallel(Published(net)).state_dict())}, legacy=True)
    save("torchvision", bare.state_dict())
    save("compiled", nn.DataParallel(Compiled(Original(net))).state_dict())
    save("lightning", {"state_dict": System(Compiled(net)).state_dict(), "hyper_parameters": argparse.Namespace(lr=1e-4)})
    save("pair", Pair(net, other).state_dict())
    save("two", {"ema": other.state_dict(), "my_weights": plain})
    save("module", {"model": nn.DataParallel(net)})
    save("module_legacy", nn.DataParallel(net), legacy=True)
    save("features", {"weights": net.features.state_dict()})
    save("half", {key: value.half() for key, value in plain.items()})


main()
