"""Times a training step of either model in PyTorch, for `bench:versus`; prints a line of JSON with its images a second.

    python3 bench/pytorch.py vqvae 32 8
    python3 bench/pytorch.py densenet 224 32 --device cuda --tf32 --amp

The time excludes the start and the first steps. As in training, the batch of each step comes from the host's memory.
The codec is the reference of the tests, `test/golden/reference_vqvae.py`. DenseNet-121 (Huang et al. 2017) is written out
here, since torchvision is not installed everywhere that PyTorch is.
"""

import argparse
import contextlib
import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test" / "golden"))
import reference_vqvae  # noqa: E402

CLASSES = 14
BURSTS = 3


class Layer(nn.Module):
    """BN, ReLU, 1×1, BN, ReLU, 3×3, applied to all features so far."""

    def __init__(self, channels):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, 128, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(128), nn.Conv2d(128, 32, 3, padding=1, bias=False)

    def forward(self, features):
        inner = self.conv1(F.relu(self.norm1(torch.cat(features, 1)), inplace=True))
        return self.conv2(F.relu(self.norm2(inner), inplace=True))


class Block(nn.Module):
    def __init__(self, channels, layers):
        super().__init__()
        self.layers = nn.ModuleList(Layer(channels + 32 * index) for index in range(layers))

    def forward(self, x):
        features = [x]
        for layer in self.layers:
            features.append(layer(features))
        return torch.cat(features, 1)


def densenet121():
    def normalised(channels):
        return [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]

    parts = [nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False), *normalised(64), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for layers in (6, 12, 24, 16):
        parts.append(Block(channels, layers))
        channels += 32 * layers
        parts += normalised(channels)
        if layers != 16:
            parts += [nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2, 2)]
            channels //= 2
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES))


def vqvae():
    # The reference looks codes up in NumPy, to break ties as NumPy does.
    reference_vqvae.Quantize.nearest = lambda self, rows: self.distances(rows).argmin(1)
    return reference_vqvae.VQVAE()


def make_step(options, device):
    """A function that makes one training step and returns its loss."""
    images = torch.rand(options.batch, 3, options.side, options.side) * 2 - 1
    labels = (torch.rand(options.batch, CLASSES) < 0.5).float().to(device)
    if device.type == "cuda":
        images = images.pin_memory()
    is_codec = options.model == "vqvae"
    model = (vqvae() if is_codec else densenet121()).to(device)
    if options.channels_last:
        model = model.to(memory_format=torch.channels_last)
    rates = {"lr": 3e-4} if is_codec else {"lr": 1e-4, "weight_decay": 1e-6}
    optimizer = torch.optim.Adam(model.parameters(), **rates)
    scaler = torch.cuda.amp.GradScaler(enabled=options.amp)

    def step():
        x = images.to(device, non_blocking=True)
        if options.channels_last:
            x = x.to(memory_format=torch.channels_last)
        optimizer.zero_grad()
        with torch.autocast(device.type, torch.float16) if options.amp else contextlib.nullcontext():
            if is_codec:
                loss = reference_vqvae.loss_of(x, *model(x)[:3])
            else:
                loss = F.binary_cross_entropy_with_logits(model(x), labels)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=["vqvae", "densenet"])
    parser.add_argument("side", type=int)
    parser.add_argument("batch", type=int)
    parser.add_argument("--steps", type=int, default=10, help="timed steps in each of three bursts")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, help="threads of PyTorch; default: its own choice")
    parser.add_argument("--tf32", action="store_true", help="let tensor cores round float32 products")
    parser.add_argument("--amp", action="store_true", help="mixed precision with float16 (cuda)")
    parser.add_argument("--channels_last", action="store_true", help="PyTorch's other layout of images")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = options.tf32
    # Times the variants of each convolution first, as vqray's tuner does.
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    step = make_step(options, device)
    for _ in range(3):
        step().item()
    rates = []
    for _ in range(BURSTS):
        start = time.perf_counter()
        for _ in range(options.steps):
            loss = step()
        # Waits for all steps.
        loss.item()
        rates.append(options.batch * options.steps / (time.perf_counter() - start))
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
    result = {"img_s": sorted(rates)[BURSTS // 2], "peer": f"PyTorch {torch.__version__}", "device": name}
    print(json.dumps({**result, "loss": loss.item()}))


if __name__ == "__main__":
    main()
