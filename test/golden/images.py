"""The real images of the training goldens, kept in this folder as uint8 so that a test needs no data set.

fashion32: Fashion-MNIST test images (Zalando, MIT), padded from 28×28 to 32×32 with black.
fashion64: the next of them, resized to 56×56 and padded to 64×64.
brain128: axial slices of the single-subject T1 volume "ch2" of Debian's mricron-data (BSD-3-Clause), padded to square and
resized to 128×128.
"""

import gzip
import os
import struct

import numpy as np
from PIL import Image

from store import write_gzip

FASHION = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
BRAIN = "/usr/share/mricron/templates/ch2.nii.gz"
COUNT = 16
MEAN = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
STD = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]
SIZES = {"fashion32": 32, "fashion64": 64, "brain128": 128}


def resized(image, size):
    return np.asarray(Image.fromarray(image).resize((size, size), Image.LANCZOS))


def fashion(first):
    with gzip.open(FASHION) as file:
        file.seek(16 + 784 * first)
        return np.frombuffer(file.read(784 * COUNT), np.uint8).reshape(COUNT, 28, 28)


def brain():
    with gzip.open(BRAIN) as file:
        header = file.read(352)
        width, height, depth = struct.unpack_from("<3h", header, 42)
        volume = np.frombuffer(file.read(width * height * depth), np.uint8).reshape(depth, height, width)
    slices = volume[40 : 40 + 6 * COUNT : 6, ::-1, :]
    side = max(width, height)
    left, top = (side - width) // 2, (side - height) // 2
    return np.pad(slices, ((0, 0), (top, side - height - top), (left, side - width - left)))


def make(name):
    if name == "fashion32":
        return np.pad(fashion(0), ((0, 0), (2, 2), (2, 2)))
    if name == "fashion64":
        return np.pad(np.stack([resized(each, 56) for each in fashion(COUNT)]), ((0, 0), (4, 4), (4, 4)))
    return np.stack([resized(each, 128) for each in brain()])


def load(folder, name):
    """The images of one set, uint8 [16, size, size]; made from the data sets where they are not there yet."""
    path = os.path.join(folder, f"{name}.bin.gz")
    if not os.path.exists(path):
        write_gzip(path, make(name).tobytes())
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8).reshape(COUNT, SIZES[name], SIZES[name])


def normalized(images):
    """uint8 [B, H, W] to float32 [B, 3, H, W]: grey repeated, (v / 255 - mean) / std, each step in float32."""
    scaled = images.astype(np.float32)[:, None] / np.float32(255)
    return (scaled - MEAN) / STD
