"""Goldens of trained codecs applied: latents and reconstructions in float64, from the weights that training.py keeps in *.pt."""

import os

import torch

from reference_vqvae import VQVAE
from store import Store
from training import MODELS, batches


def load(model, folder):
    state = torch.load(os.path.join(folder, f"{model['name']}.pt"))
    vqvae = VQVAE(**model["configuration"])
    vqvae.load_state_dict({key[len(model["prefix"]) :]: each for key, each in state.items()})
    return vqvae.double().eval()


def golden(model, folder, store):
    """The images are those of the training goldens' first step. The latent is what the last decoder is given."""
    vqvae = load(model, folder)
    seen = []
    vqvae.dec.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        reconstruction = vqvae(batches(model, folder)[0].double())[0]
    return {
        "name": model["name"],
        "latent": store.add(seen[0]),
        "reconstruction": store.add(reconstruction),
    }


def latent_goldens(folder):
    """The store and the index entries of all codecs in files."""
    store = Store()
    return store, [golden(model, folder, store) for model in MODELS if model["format"] != "hash"]
