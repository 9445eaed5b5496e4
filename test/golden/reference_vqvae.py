"""The two-level VQ-VAE-2 in PyTorch, key for key as its checkpoints name it: the oracle of the training goldens.

Hierarchy, losses and codebook updates after Razavi, van den Oord and Vinyals, "Generating Diverse High-Fidelity Images
with VQ-VAE-2" (2019), https://arxiv.org/abs/1906.00446.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn


class ResBlock(nn.Module):
    """conv1x1(ReLU(conv3x3(ReLU(x)))) + ReLU(x): the first ReLU is in place, so the skip path carries it too."""

    def __init__(self, channels, inner):
        super().__init__()
        self.conv = nn.Sequential(
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, inner, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, channels, 1),
        )

    def forward(self, x):
        change = self.conv(x)
        return change + x


def halvings(stride):
    assert stride in (2, 4, 8, 16), stride
    return int(math.log2(stride))


class Encoder(nn.Module):
    def __init__(self, channels_in, channels, blocks, inner, stride):
        super().__init__()
        count = halvings(stride)
        widths = [channels // 2] if count == 1 else [channels >> (count - 1 - each) for each in range(count)]
        layers = []
        width_in = channels_in
        for width in widths:
            layers += [nn.Conv2d(width_in, width, 4, stride=2, padding=1), nn.ReLU(inplace=True)]
            width_in = width
        layers.append(nn.Conv2d(width_in, channels, 3, padding=1))
        layers += [ResBlock(channels, inner) for _ in range(blocks)]
        layers.append(nn.ReLU(inplace=True))
        self.blocks = nn.Sequential(*layers)

    def forward(self, x):
        return self.blocks(x)


class Decoder(nn.Module):
    def __init__(self, channels_in, channels_out, channels, blocks, inner, stride):
        super().__init__()
        count = halvings(stride)
        widths = [channels >> each for each in range(1, count)] + [channels_out]
        layers = [nn.Conv2d(channels_in, channels, 3, padding=1)]
        layers += [ResBlock(channels, inner) for _ in range(blocks)]
        layers.append(nn.ReLU(inplace=True))
        width_in = channels
        for index, width in enumerate(widths):
            if index > 0:
                layers.append(nn.ReLU(inplace=True))
            layers.append(nn.ConvTranspose2d(width_in, width, 4, stride=2, padding=1))
            width_in = width
        self.blocks = nn.Sequential(*layers)

    def forward(self, x):
        return self.blocks(x)


class Quantize(nn.Module):
    def __init__(self, dim, codes, decay=0.99, epsilon=1e-5):
        super().__init__()
        self.codes, self.decay, self.epsilon = codes, decay, epsilon
        embed = torch.randn(dim, codes)
        self.register_buffer("embed", embed)
        self.register_buffer("cluster_size", torch.zeros(codes))
        self.register_buffer("embed_avg", embed.clone())

    def forward(self, x):
        """[B, D, H, W] to (quantized with the gradient straight through, mean squared distance, codes [B, H, W])."""
        batch, dim, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(-1, dim)
        nearest = self.nearest(rows.detach())
        quantized = F.embedding(nearest, self.embed.t()).reshape(batch, height, width, dim).permute(0, 3, 1, 2)
        if self.training:
            self.update(rows.detach(), nearest)
        difference = (quantized.detach() - x).square().mean()
        return x + (quantized - x).detach(), difference, nearest.reshape(batch, height, width)

    def distances(self, rows):
        return rows.square().sum(1, keepdim=True) - 2 * rows @ self.embed + self.embed.square().sum(0)

    def nearest(self, rows):
        # torch.argmin promises no order among equal distances; NumPy's takes the first.
        return torch.from_numpy(self.distances(rows).numpy().argmin(1))

    def update(self, rows, nearest):
        one_hot = F.one_hot(nearest, self.codes).to(rows.dtype)
        self.cluster_size.mul_(self.decay).add_(one_hot.sum(0), alpha=1 - self.decay)
        self.embed_avg.mul_(self.decay).add_(rows.t() @ one_hot, alpha=1 - self.decay)
        total = self.cluster_size.sum()
        size = (self.cluster_size + self.epsilon) / (total + self.codes * self.epsilon) * total
        self.embed.copy_(self.embed_avg / size)


class VQVAE(nn.Module):
    def __init__(
        self,
        in_channel=3,
        channel=128,
        n_res_block=2,
        n_res_channel=32,
        embed_dim=64,
        n_embed=512,
        first_stride=4,
        second_stride=2,
    ):
        super().__init__()
        inside = (n_res_block, n_res_channel)
        self.enc_b = Encoder(in_channel, channel, *inside, first_stride)
        self.enc_t = Encoder(channel, channel, *inside, second_stride)
        self.quantize_conv_t = nn.Conv2d(channel, embed_dim, 1)
        self.quantize_t = Quantize(embed_dim, n_embed)
        self.dec_t = Decoder(embed_dim, embed_dim, channel, *inside, second_stride)
        self.quantize_conv_b = nn.Conv2d(embed_dim + channel, embed_dim, 1)
        self.quantize_b = Quantize(embed_dim, n_embed)
        self.upsample_t = Decoder(embed_dim, embed_dim, embed_dim, *inside, second_stride)
        self.dec = Decoder(2 * embed_dim, in_channel, channel, *inside, first_stride)

    def forward(self, x):
        """Returns the reconstruction, diff_t, diff_b, and the codes of both levels."""
        bottom = self.enc_b(x)
        top = self.enc_t(bottom)
        quantized_t, diff_t, codes_t = self.quantize_t(self.quantize_conv_t(top))
        joined = torch.cat([self.dec_t(quantized_t), bottom], 1)
        quantized_b, diff_b, codes_b = self.quantize_b(self.quantize_conv_b(joined))
        decoded = self.dec(torch.cat([self.upsample_t(quantized_t), quantized_b], 1))
        return decoded, diff_t, diff_b, codes_t, codes_b


def loss_of(images, reconstruction, diff_t, diff_b):
    return F.mse_loss(reconstruction, images) + 0.25 * (diff_t + diff_b)
