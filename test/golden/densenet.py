"""Goldens of DenseNet: five steps of torchvision's model on real images and latents, in float64 from float32 weights.

All weights come from the streams of their keys (`hash_weights`), those of the small models lie in files, too. ReLU's gradient
jumps at zero, and a model has millions of values in front of its ReLUs, so that float32 would see some of them on the other
side. Each bias of a batch normalisation is therefore the first of several draws that keeps its channel clear of zero in the
first step; `draws` in the index names the channels that needed more than one.

The same steps are taken in float32 too; how far those stray is what rounding alone does to a run.
"""

import numpy as np
import torch
from torch import nn

import images
import latent_images
from densenet_model import DENSENET121, Classifier, hash_weights, norms, save, statistics_of, torchvision_model
from hashing import key_of, random_uniform
from store import Store
from training import checksum

LEARNING_RATE = 1e-4
WEIGHT_DECAY = 1e-6
STEPS = 5
POSITIVE_SHARE = 0.3
CLEARANCE = 2e-4

SMALL = {"growth_rate": 8, "block_layers": [2, 4, 2, 2], "initial_features": 16, "bottleneck_factor": 4}
TINY = {"growth_rate": 4, "block_layers": [2, 2, 2, 2], "initial_features": 8, "bottleneck_factor": 4}
ORIG = {"latent_channels": 0, "n_classes": 14}
LATENT = {"latent_channels": 2, "n_classes": 14}

# Batch normalisation undoes a convolution's scale, but Adam's steps are the smaller beside its weights the larger they are: at
# He's own scale they take the large models so far that float32's rounding shows in the third digit of the fifth loss.
# Forms of files: `old` has the spelling denselayer1.norm.1.weight and no num_batches_tracked.
MODELS = [
    {
        "name": "densenet121_orig", "configuration": {**ORIG, **DENSENET121}, "images": "fashion32", "batch": 8,
        "scale": 64, "files": [],
    },
    {
        "name": "densenet121_latent", "configuration": {**LATENT, **DENSENET121}, "images": "latent64", "batch": 4,
        "scale": 16, "files": [],
    },
    {
        "name": "small_orig", "configuration": {**ORIG, **SMALL}, "images": "fashion32", "batch": 8,
        "scale": 1, "whole_gradients": True, "files": [
            {"name": "densenet_zip.pt", "format": "zip", "prefix": "", "old": False},
            {"name": "densenet_legacy.pt", "format": "legacy", "prefix": "", "old": False},
        ],
    },
    {
        "name": "small_latent", "configuration": {**LATENT, **SMALL}, "images": "latent64", "batch": 4,
        "scale": 1, "files": [
            {"name": "densenet_latent_module.pt", "format": "zip", "prefix": "module.", "old": False},
            {"name": "densenet_latent_old.pt", "format": "legacy", "prefix": "", "old": True},
        ],
    },
]

# As torchvision publishes them, though small: `features.…` and `classifier.…`, trained on other classes.
IMAGENET = [
    {"name": "imagenet_zip.pth", "format": "zip", "prefix": "", "old": False},
    {"name": "imagenet_legacy.pth", "format": "legacy", "prefix": "", "old": False},
    {"name": "imagenet_zip_old.pth", "format": "zip", "prefix": "", "old": True},
    {"name": "imagenet_legacy_old.pth", "format": "legacy", "prefix": "", "old": True},
]


def keep_clear(module, batch):
    """
    Draws the biases of batch normalisations again, until no value of the first step is as close to zero as `CLEARANCE`, and
    returns {key: {channel: draws taken}} for more than one. Draw d of channel c is number d·channels + c of the key's stream.
    """
    draws = {}

    def choose(norm, x, key):
        x = x[0].transpose(0, 1).flatten(1)
        scale = norm.weight / (x.var(1, unbiased=False) + norm.eps).sqrt()
        centred = (x - x.mean(1, keepdim=True)) * scale[:, None]
        channels, taken = norm.num_features, {}
        for channel in range(channels):
            draw = 0
            while (centred[channel] + norm.bias[channel]).abs().min() < CLEARANCE:
                draw += 1
                value = -0.25 + 0.5 * random_uniform(key_of(key), draw * channels + channel)
                norm.bias[channel] = float(np.float32(value))
            if draw > 0:
                taken[channel] = draw + 1
        if taken:
            draws[key] = taken

    hooks = [
        norm.register_forward_pre_hook(lambda norm, x, key=f"{name}.bias": choose(norm, x, key))
        for name, norm in norms(module).items()
    ]
    statistics = {key: each.clone() for key, each in module.named_buffers()}
    with torch.no_grad():
        module.train()(batch)
    for hook in hooks:
        hook.remove()
    for key, buffer in module.named_buffers():
        buffer.copy_(statistics[key])
    return draws


def inputs_of(model, folder):
    """Two batches of inputs and labels in float64."""
    if model["images"] == "latent64":
        inputs = latent_images.load(folder)
    else:
        inputs = images.normalized(images.load(folder, model["images"]))
    size, classes = model["batch"], model["configuration"]["n_classes"]
    drawn = random_uniform(key_of("labels"), np.arange(2 * size * classes)) < POSITIVE_SHARE
    labels = torch.from_numpy(drawn).double().reshape(2, size, classes)
    return [
        (torch.from_numpy(inputs[half * size : (half + 1) * size]).double(), labels[half]) for half in (0, 1)
    ]


def logits_of(module, x):
    """The values in front of the sigmoid, and behind it."""
    seen = []
    hook = module.model.classifier[0].register_forward_hook(lambda _, __, result: seen.append(result))
    probabilities = module(x)
    hook.remove()
    return seen[0], probabilities


def pool_margin(x):
    """The smallest gap between the two largest values that differ of a window whose largest is positive; as float32 sees them."""
    windows = nn.functional.unfold(nn.functional.pad(x, (1, 1, 1, 1)), 3, stride=2)
    windows = windows.reshape(x.shape[0], x.shape[1], 9, -1)
    largest = windows.max(2, keepdim=True).values
    gaps = torch.where((windows < largest - 1e-9) & (largest > 0), largest - windows, torch.inf)
    return gaps.min().item()


def margins(module, batch):
    """How close the first step comes to a jump of a gradient: at ReLUs, and at the largest value of a pool's windows."""
    relu, pool = [], []
    hooks = [norm.register_forward_hook(lambda _, __, y: relu.append(y.abs().min().item())) for norm in
             norms(module).values()]
    hooks.append(module.model.features.pool0.register_forward_pre_hook(lambda _, x: pool.append(pool_margin(x[0]))))
    statistics = {key: each.clone() for key, each in module.named_buffers()}
    with torch.no_grad():
        module.train()(batch)
    for hook in hooks:
        hook.remove()
    for key, buffer in module.named_buffers():
        buffer.copy_(statistics[key])
    return {"relu": min(relu), "max_pool": min(pool)}


def run(module, inputs):
    """Evaluates the first batch, takes the steps; returns the losses and what was seen before and in the first step."""
    first = {}
    with torch.no_grad():
        first["evaluation"] = logits_of(module.eval(), inputs[0][0])[0].detach()
    optimizer = torch.optim.Adam(
        module.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.999), weight_decay=WEIGHT_DECAY
    )
    losses = []
    for step in range(STEPS):
        batch, labels = inputs[step % 2]
        logits, probabilities = logits_of(module.train(), batch)
        loss = nn.BCELoss()(probabilities, labels)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            first["logits"] = logits.detach()
            first["gradients"] = {key: each.grad.clone() for key, each in module.named_parameters()}
            first["statistics"] = {key: each.clone() for key, each in statistics_of(module)}
        optimizer.step()
    return losses, first


def relative(wanted, actual):
    return ((wanted - actual.double()).norm() / wanted.norm()).item()


def deviation(double, single):
    """How far float32 strays: of the norm of each tensor, at the worst one, and of each step's loss."""
    (losses, first), (other_losses, other) = double, single
    result = {name: relative(first[name], other[name]) for name in ("logits", "evaluation")}
    for name in ("gradients", "statistics"):
        each = {key: relative(value, other[name][key]) for key, value in first[name].items()}
        worst = max(each, key=each.get)
        result |= {name: each[worst], f"worst_of_{name}": worst}
    return result | {"losses": [abs(a - b) / a for a, b in zip(losses, other_losses)]}


def short(numbers):
    return {name: float(f"{value:.10g}") for name, value in numbers.items()}


def golden(model, folder, store):
    inputs = inputs_of(model, folder)
    module = Classifier(model["configuration"])
    hash_weights(module, model["scale"])
    module.double()
    draws = keep_clear(module, inputs[0][0])
    closest = margins(module, inputs[0][0])
    initial = {key: each.clone() for key, each in module.state_dict().items()}
    module.float()
    for file in model["files"]:
        save(module, file, folder)
    single = run(module, [(batch.float(), labels.float()) for batch, labels in inputs])
    module.double().load_state_dict(initial)
    losses, first = double = run(module, inputs)
    parameters = []
    for key, parameter in module.named_parameters():
        gradient = first["gradients"][key]
        entry = {"name": key, "shape": list(parameter.shape), "initial": short(checksum(key, initial[key])),
                 "gradient": short(checksum(key, gradient))}
        if key in draws:
            entry["draws"] = draws[key]
        if model.get("whole_gradients"):
            entry["values"] = store.add(gradient, whole=True)
        parameters.append(entry)
    buffers = [
        {"name": key, "shape": list(each.shape), "initial": short(checksum(key, initial[key])),
         "first": short(checksum(key, first["statistics"][key])), "final": short(checksum(key, each))}
        for key, each in statistics_of(module)
    ]
    return {
        **{key: value for key, value in model.items() if key != "whole_gradients"},
        "learning_rate": LEARNING_RATE, "weight_decay": WEIGHT_DECAY,
        "losses": losses, "margins": closest, "float32_deviation": deviation(double, single),
        "logits": store.add(first["logits"], whole=True), "evaluation": store.add(first["evaluation"], whole=True),
        "parameters": parameters, "buffers": buffers,
    }


def shape_goldens():
    """Shapes by key of torchvision's densenet121 with latents in front, and how many trained values it has without."""
    module = Classifier({**LATENT, **DENSENET121})
    return [{
        "name": "densenet121",
        "count": sum(each.numel() for each in module.model.parameters()),
        "parameters": {key: list(each.shape) for key, each in module.named_parameters()},
        "buffers": {key: list(each.shape) for key, each in statistics_of(module)},
    }]


def save_imagenet(folder):
    """A tiny network of torchvision's own, ten classes, in every form in which such files come."""
    module = torchvision_model(TINY, 10)
    hash_weights(module, 1)
    for file in IMAGENET:
        save(module, file, folder)


def densenet_goldens(folder):
    """The store and the index entries of all models."""
    save_imagenet(folder)
    store = Store()
    return store, [golden(model, folder, store) for model in MODELS]
