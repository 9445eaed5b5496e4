#!/usr/bin/python3
"""Writes data/: the small, real data sets that ship with the project, as 8-bit HDF5 files.

Run it by hand on Debian. Equal versions of the packages give equal bytes:

    apt-get install python3-h5py python3-numpy python3-pil dataset-fashion-mnist mricron-data
    /usr/bin/python3 scripts/make_demo_data.py [--sheets FOLDER]

brain    Slices of two T1-weighted magnetic resonance volumes in three orientations, 64 by 64 pixels: a human head (ch2)
         and a macaque brain (inia19-t1-brain). Labels: axial, coronal, sagittal, macaque. Training and validation
         slices come from different blocks of a volume with a gap between them, because neighbouring slices look alike.
fashion  Photographs of ten kinds of clothes from Fashion-MNIST, 28 by 28 pixels, padded with black to 32 by 32. Each
         kind has 200 images from the training set and, for validation, 50 from the test set. Labels: the kind.

--sheets also writes contact sheets (PNG files) to a folder.
"""

import argparse
import gzip
import pathlib
import struct

import h5py
import numpy as np
from PIL import Image

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "data"
TEMPLATES = pathlib.Path("/usr/share/mricron/templates")
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
SEED = 816

BRAIN_SIZE = 64
ORIENTATIONS = ["axial", "coronal", "sagittal"]
VOLUMES = {"ch2": "human", "inia19-t1-brain": "macaque"}
# Of every 30 consecutive slices, 20 are for training and 6 for validation; 2 on either side in between are unused.
PERIOD, TRAIN, GAP, VALID = 30, 20, 2, 6
# Slices in which less than this share of the pixels is tissue are left out: they show little but noise.
MIN_TISSUE = 0.15

CLOTHES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]


def read_nifti(name):
    """Reads a NIfTI-1 volume [x, y, z] as float64. x points to the right, y to the front and z up."""
    content = gzip.open(TEMPLATES / f"{name}.nii.gz").read()
    shape = struct.unpack_from("<3h", content, 42)
    (code,) = struct.unpack_from("<h", content, 70)
    (offset,) = struct.unpack_from("<f", content, 108)
    dtype = {2: np.uint8, 16: np.dtype("<f4")}[code]
    values = np.frombuffer(content, dtype, count=int(np.prod(shape)), offset=int(offset))
    return values.reshape(shape, order="F").astype(np.float64)


def to_bytes(volume):
    """Scales a volume to 0 … 255. The brightest 1 % (fat, vessels) is clipped."""
    return np.clip(volume * (255 / np.percentile(volume[volume > 0], 99)), 0, 255)


def upright(volume, orientation, index):
    """Returns a slice with the top or front of the head up. In sagittal slices, the nose points to the left."""
    if orientation == "axial":
        return volume[:, ::-1, index].T
    if orientation == "coronal":
        return volume[:, index, ::-1].T
    return volume[index, ::-1, ::-1].T


def square(image, size):
    """Pads an image with black to a square and resizes it with a Lanczos filter, which avoids aliasing."""
    side = max(image.shape)
    above, left = (side - image.shape[0]) // 2, (side - image.shape[1]) // 2
    padded = np.zeros((side, side), np.uint8)
    padded[above : above + image.shape[0], left : left + image.shape[1]] = np.round(image)
    return np.asarray(Image.fromarray(padded).resize((size, size), Image.LANCZOS))


def brain():
    """Returns {split: (images [N, 1, 64, 64], labels [N, 4])}."""
    found = {"train": [], "valid": []}
    for name, species in VOLUMES.items():
        volume = to_bytes(read_nifti(name))
        for axis, orientation in zip([2, 1, 0], ORIENTATIONS):
            slices = [upright(volume, orientation, index) for index in range(volume.shape[axis])]
            slices = [image for image in slices if (image > 25).mean() >= MIN_TISSUE]
            label = [float(orientation == other) for other in ORIENTATIONS] + [float(species == "macaque")]
            for index, image in enumerate(slices):
                within = index % PERIOD
                if within < TRAIN:
                    found["train"].append((square(image, BRAIN_SIZE), label))
                elif TRAIN + GAP <= within < TRAIN + GAP + VALID:
                    found["valid"].append((square(image, BRAIN_SIZE), label))
    return {
        split: (np.stack([image for image, _ in pairs])[:, None], np.array([label for _, label in pairs], "f4"))
        for split, pairs in found.items()
    }


def read_idx(name, offset):
    """Reads the uint8 values of an IDX file whose header has `offset` bytes."""
    return np.frombuffer(gzip.open(FASHION / name).read(), np.uint8, offset=offset)


def fashion():
    """Returns {split: (images [N, 1, 32, 32], labels [N, 10])}."""
    splits = {}
    for split, prefix, each in [("train", "train", 200), ("valid", "t10k", 50)]:
        images = read_idx(f"{prefix}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
        kinds = read_idx(f"{prefix}-labels-idx1-ubyte.gz", 8)
        chosen = np.sort(np.concatenate([np.flatnonzero(kinds == kind)[:each] for kind in range(len(CLOTHES))]))
        padded = np.pad(images[chosen], [(0, 0), (0, 0), (2, 2), (2, 2)])
        splits[split] = (padded, np.eye(len(CLOTHES), dtype="f4")[kinds[chosen]])
    return splits


def write(name, size, splits, class_names, source, licence, sheets):
    """Writes an HDF5 file for each split and, if `sheets` is a folder, a contact sheet."""
    for split, (images, labels) in splits.items():
        # Shuffled, so that the first images of a file show all kinds.
        order = np.random.default_rng(SEED).permutation(len(images))
        images, labels = images[order], labels[order]
        path = OUTPUT / f"{name}_{split}_{size}_orig.hdf5"
        with h5py.File(path, "w") as file:
            file.attrs["source"] = source
            file.attrs["license"] = licence
            file.create_dataset("img", data=images, chunks=(1, *images.shape[1:]), compression="gzip", compression_opts=9)
            file.create_dataset("labels", data=labels).attrs["class_names"] = class_names
        print(path.name, images.shape, dict(zip(class_names, labels.sum(0).astype(int))), path.stat().st_size, "bytes")
        if sheets:
            columns = 40
            rows = min(20, -(-len(images) // columns))
            shown = np.zeros((rows * columns, size, size), np.uint8)
            shown[: min(len(images), len(shown))] = images[: len(shown), 0]
            sheet = shown.reshape(rows, columns, size, size).swapaxes(1, 2).reshape(rows * size, columns * size)
            Image.fromarray(sheet).save(pathlib.Path(sheets) / f"{name}_{split}.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheets", metavar="FOLDER")
    options = parser.parse_args()
    OUTPUT.mkdir(exist_ok=True)
    write(
        "brain", BRAIN_SIZE, brain(), [*ORIENTATIONS, "macaque"],
        "T1-weighted MRI volumes ch2 (human) and inia19-t1-brain (macaque) of MRIcron, Debian package mricron-data",
        "BSD-3-Clause (MRIcron) and CC-BY (INIA19), see brain_LICENSE.txt",
        options.sheets,
    )
    write(
        "fashion", 32, fashion(), CLOTHES,
        "Fashion-MNIST by Zalando SE, Debian package dataset-fashion-mnist",
        "MIT, see fashion_LICENSE.txt",
        options.sheets,
    )
