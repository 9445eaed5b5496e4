"""Goldens of training: a few steps of small VQ-VAE-2 models on real images, in float64 from float32 weights.

The same steps are taken in float32 too; how far those stray is what rounding alone does to a run.
"""

import os

import numpy as np
import torch

import images
from hashing import key_of, normal_array, uniform_array
from reference_vqvae import VQVAE, loss_of
from store import Store

LEARNING_RATE = 3e-4
SMALL = {"in_channel": 3, "channel": 16, "n_res_block": 2, "n_res_channel": 8, "embed_dim": 8, "n_embed": 64}

# Layers start with `gain` times PyTorch's default weights: with the default itself the encoders' outputs hardly depend on
# the image, and the quantizers would have nothing to tell apart. `start` says how the codebooks begin: "zero" with
# cluster_size 0, as training does, "used" with other sizes, as in its midst.
MODELS = [
    {
        "name": "strides_4_2",
        "configuration": {**SMALL, "n_res_channel": 6, "first_stride": 4, "second_stride": 2},
        "images": "fashion32", "batch": 8, "steps": 10, "gain": 2, "start": "zero", "format": "zip", "prefix": "",
    },
    {
        "name": "strides_8_4",
        "configuration": {**SMALL, "embed_dim": 6, "n_embed": 48, "first_stride": 8, "second_stride": 4},
        "images": "fashion64", "batch": 8, "steps": 10, "gain": 2, "start": "used", "format": "legacy", "prefix": "",
    },
    {
        "name": "strides_16_4",
        "configuration": {**SMALL, "n_res_block": 1, "first_stride": 16, "second_stride": 4},
        "images": "brain128", "batch": 8, "steps": 10, "gain": 2.5, "start": "used", "format": "zip",
        "prefix": "module.",
    },
    {
        "name": "strides_2_2",
        "configuration": {**SMALL, "channel": 8, "n_res_channel": 4, "embed_dim": 5, "n_embed": 33,
                          "first_stride": 2, "second_stride": 2},
        "images": "fashion32", "batch": 8, "steps": 10, "gain": 2, "start": "used", "format": "legacy",
        "prefix": "module.", "whole_gradients": True,
    },
    {
        "name": "embed_dim_1",
        "configuration": {**SMALL, "embed_dim": 1, "n_embed": 16, "first_stride": 4, "second_stride": 2},
        "images": "fashion32", "batch": 8, "steps": 10, "gain": 2, "start": "used", "format": "zip", "prefix": "",
    },
    {
        "name": "default",
        "configuration": {**SMALL, "channel": 128, "n_res_channel": 32, "embed_dim": 64, "n_embed": 512,
                          "first_stride": 4, "second_stride": 2},
        "images": "fashion32", "batch": 4, "steps": 3, "gain": 2, "start": "used", "format": "hash",
        "codebook_scale": 0.3,
    },
]

# Seeds whose runs stay clear of ties: no code differs between float64 and float32 (`smallest_gap` over 8e-6).
SEEDS = {"strides_4_2": 1, "strides_8_4": 6, "strides_16_4": 1, "strides_2_2": 2, "embed_dim_1": 6}


def batches(model, folder):
    pictures = images.normalized(images.load(folder, model["images"]))
    size = model["batch"]
    return [torch.from_numpy(pictures[first : first + size]) for first in (0, size)]


def quantizer_inputs(vqvae, batch):
    """What each quantizer is given: a dictionary filled by hooks."""
    seen = {}
    hooks = [
        getattr(vqvae, name).register_forward_pre_hook(lambda _, x, name=name: seen.update({name: x[0].detach()}))
        for name in ("quantize_t", "quantize_b")
    ]
    with torch.no_grad():
        vqvae.eval()(batch)
    for hook in hooks:
        hook.remove()
    return seen


def spread_codes(vqvae, batch, start):
    """Draws both codebooks with the mean and the spread of what they are to quantize, so that many codes are used."""
    for name in ("quantize_t", "quantize_b"):
        x = quantizer_inputs(vqvae, batch)[name]
        quantize = getattr(vqvae, name)
        mean, deviation = (getattr(x, each)(dim=(0, 2, 3))[:, None] for each in ("mean", "std"))
        quantize.embed.copy_(mean + deviation * torch.randn_like(quantize.embed))
        quantize.embed_avg.copy_(quantize.embed)
        if start == "used":
            quantize.cluster_size.uniform_(0.5, 4)
            quantize.embed_avg.mul_(quantize.cluster_size)


def hash_weights(vqvae, gain, scale):
    """
    Fills every parameter from the stream of its own key: weights uniform in ±gain/sqrt(fan_in), biases in
    ±1/sqrt(fan_in) of their layer; codes `scale` times normal, cluster_size 1, embed_avg equal to embed.
    """
    parameters = dict(vqvae.named_parameters())
    for key, parameter in parameters.items():
        weight = parameters[key.replace(".bias", ".weight")]
        bound = (1 if key.endswith(".bias") else gain) / np.sqrt(weight[0].numel())
        values = uniform_array(key_of(key), parameter.numel(), -bound, bound)
        parameter.data.copy_(torch.from_numpy(values).reshape(parameter.shape))
    for name in ("quantize_t", "quantize_b"):
        quantize = getattr(vqvae, name)
        values = np.float32(scale) * normal_array(key_of(f"{name}.embed"), quantize.embed.numel())
        quantize.embed.copy_(torch.from_numpy(values).reshape(quantize.embed.shape))
        quantize.embed_avg.copy_(quantize.embed)
        quantize.cluster_size.fill_(1)


def initial(model, batch):
    """The model before its first step, in float32."""
    torch.manual_seed(SEEDS.get(model["name"], 0))
    vqvae = VQVAE(**model["configuration"])
    if model["format"] == "hash":
        hash_weights(vqvae, model["gain"], model["codebook_scale"])
    else:
        for key, parameter in vqvae.named_parameters():
            if key.endswith(".weight"):
                parameter.data.mul_(model["gain"])
        spread_codes(vqvae, batch, model["start"])
    return vqvae


def perplexity(codes, count):
    share = torch.bincount(codes.reshape(-1), minlength=count).double() / codes.numel()
    share = share[share > 0]
    return torch.exp(-(share * share.log()).sum()).item()


def closeness(quantize, x):
    """The smallest gap between the two nearest codes of a vector, relative to the squared lengths involved."""
    rows = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
    two = quantize.distances(rows).topk(2, dim=1, largest=False)
    scale = rows.square().sum(1) + quantize.embed.square().sum(0)[two.indices[:, 1]]
    return ((two.values[:, 1] - two.values[:, 0]) / scale).min().item()


def run(vqvae, model, inputs):
    """Takes the steps; returns one record a step, and what the first one saw."""
    optimizer = torch.optim.Adam(vqvae.parameters(), lr=LEARNING_RATE)
    count = model["configuration"]["n_embed"]
    steps, first = [], None
    for step in range(model["steps"]):
        batch = inputs[step % len(inputs)]
        seen = quantizer_inputs(vqvae, batch)
        gap = min(closeness(getattr(vqvae, name), x) for name, x in seen.items())
        reconstruction, diff_t, diff_b, codes_t, codes_b = vqvae.train()(batch)
        loss = loss_of(batch, reconstruction, diff_t, diff_b)
        optimizer.zero_grad()
        loss.backward()
        if first is None:
            gradients = {key: each.grad.clone() for key, each in vqvae.named_parameters()}
            first = {"gradients": gradients, "reconstruction": reconstruction.detach(), "t": codes_t, "b": codes_b}
        optimizer.step()
        steps.append({
            "loss": loss.item(),
            "recon_loss": torch.nn.functional.mse_loss(reconstruction, batch).item(),
            "diff_t": diff_t.item(),
            "diff_b": diff_b.item(),
            "perplexity_t": perplexity(codes_t, count),
            "perplexity_b": perplexity(codes_b, count),
            "gap": gap,
            "codes": (codes_t, codes_b),
        })
    return steps, first


def checksum(key, tensor):
    """The norm, and the dot product with uniform [-1, 1) numbers from the stream of the key."""
    values = tensor.detach().double().numpy().reshape(-1)
    return {"norm": float(np.linalg.norm(values)), "dot": float(values @ uniform_array(key_of(key), values.size, -1, 1))}


def save(vqvae, model, folder):
    """Writes the state dict, unless a file with the same content is there: legacy files hold memory addresses."""
    path = os.path.join(folder, f"{model['name']}.pt")
    state = vqvae.state_dict()
    if model["prefix"]:
        state = torch.nn.ModuleDict({model["prefix"].rstrip("."): vqvae}).state_dict()
    if os.path.exists(path):
        old = torch.load(path)
        if list(old) == list(state) and all(torch.equal(old[key], state[key]) for key in state):
            return
    torch.save(state, path, _use_new_zipfile_serialization=model["format"] == "zip")


def described(key, tensor, started):
    return {"name": key, "shape": list(tensor.shape), "initial": started[key], "final": checksum(key, tensor)}


def golden(model, folder, store):
    inputs = batches(model, folder)
    vqvae = initial(model, inputs[0])
    if model["format"] != "hash":
        save(vqvae, model, folder)
    single_steps, _ = run(initial(model, inputs[0]), model, inputs)
    started = {key: checksum(key, each) for key, each in vqvae.state_dict().items()}
    steps, first = run(vqvae.double(), model, [each.double() for each in inputs])
    differing = [
        sum(int((a != b).sum()) for a, b in zip(step["codes"], other["codes"]))
        for step, other in zip(steps, single_steps)
    ]
    gaps = [step.pop("gap") for step in steps]
    for step in steps + single_steps:
        step.pop("codes")
    deviation = {
        key: max(abs(step[key] - other[key]) / abs(step[key]) for step, other in zip(steps, single_steps))
        for key in steps[0]
    }
    parameters = []
    for key, parameter in vqvae.named_parameters():
        gradient = first["gradients"][key]
        entry = {**described(key, parameter, started), "gradient": checksum(key, gradient)}
        if model.get("whole_gradients"):
            entry["values"] = store.add(gradient, whole=True)
        parameters.append(entry)
    return {
        **{key: value for key, value in model.items() if key != "whole_gradients"},
        "learning_rate": LEARNING_RATE,
        "steps": steps,
        "float32_deviation": {**deviation, "codes": differing, "smallest_gap": min(gaps)},
        "codes": {level: store.add(first[level], whole=True) for level in ("t", "b")},
        "reconstruction": store.add(first["reconstruction"]),
        "parameters": parameters,
        "buffers": [described(key, each, started) for key, each in vqvae.named_buffers()],
    }


def training_goldens(folder):
    """The store and the index entries of all models."""
    store = Store()
    return store, [golden(model, folder, store) for model in MODELS]
