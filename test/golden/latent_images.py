"""latent64.bin.gz: what a codec with embed_dim 1 makes of real images, [8, 2, 64, 64], each channel stretched to 8 bits.

The codec is trained for a while on the images of brain128; it then encodes every second one, enlarged to 256×256.
"""

import gzip
import os

import numpy as np
import torch

import images
from reference_vqvae import VQVAE, loss_of
from store import write_gzip
from training import spread_codes

COUNT = 8
SIZE = 64
CODEC = {"in_channel": 3, "channel": 16, "n_res_block": 2, "n_res_channel": 8, "embed_dim": 1, "n_embed": 16}


def trained_codec(slices):
    pictures = torch.from_numpy(images.normalized(slices))
    torch.manual_seed(1)
    codec = VQVAE(**CODEC)
    spread_codes(codec, pictures, "used")
    optimizer = torch.optim.Adam(codec.parameters(), lr=1e-3)
    batches = pictures.split(4)
    for step in range(300):
        batch = batches[step % len(batches)]
        reconstruction, diff_t, diff_b, _, _ = codec.train()(batch)
        optimizer.zero_grad()
        loss_of(batch, reconstruction, diff_t, diff_b).backward()
        optimizer.step()
    return codec.eval()


def make(folder):
    slices = images.load(folder, "brain128")
    enlarged = np.stack([images.resized(each, 4 * SIZE) for each in slices[::2]])
    codec = trained_codec(slices)
    seen = []
    codec.dec.register_forward_pre_hook(lambda _, x: seen.append(x[0].numpy()))
    with torch.no_grad():
        codec(torch.from_numpy(images.normalized(enlarged)))
    latents = seen[0]
    low, high = (np.quantile(latents, share, axis=(0, 2, 3), keepdims=True) for share in (0.001, 0.999))
    return np.round(((latents - low) / (high - low) * 255).clip(0, 255)).astype(np.uint8)


def load(folder):
    """float32 [8, 2, 64, 64]: (v − 128) / 64 of the bytes v; made where the file is not there yet."""
    path = os.path.join(folder, "latent64.bin.gz")
    if not os.path.exists(path):
        write_gzip(path, make(folder).tobytes())
    with gzip.open(path) as file:
        values = np.frombuffer(file.read(), np.uint8).reshape(COUNT, 2, SIZE, SIZE)
    return (values.astype(np.float32) - 128) / 64
