#!/usr/bin/python3
"""Compares a file of hdf5:create with h5py and Pillow: `check_with_h5py.py FILE.hdf5 DATA_FOLDER`.

Reads every image as PyTorch's users do, f["img"][i] and f["labels"][i], and makes it again from its PNG or JPEG file
with Pillow and NumPy. Prints the largest mean difference of an image and the largest difference of a pixel, in steps of
1/255; fails if a mean is more than one step.
Needs Debian's python3-h5py, python3-numpy and python3-pil.
"""

import pathlib
import sys

import h5py
import numpy as np
from PIL import Image

MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])


def make(path, size, channels):
    """Pixels [C, size, size] in 0 … 255."""
    image = Image.open(path).convert("RGB" if channels == 3 else "L")
    scaled = [max(1, side * size // max(image.size)) for side in image.size]
    square = Image.new(image.mode, (size, size))
    square.paste(image.resize(scaled, Image.LANCZOS), ((size - scaled[0]) // 2, (size - scaled[1]) // 2))
    pixels = np.asarray(square, np.float64)
    return pixels.transpose(2, 0, 1) if channels == 3 else pixels[None]


def undo(image):
    """A stored image as pixels in 0 … 255."""
    if image.dtype == np.uint8:
        return image.astype(np.float64)
    mean, deviation = MEAN, DEVIATION
    if len(image) == 1:
        mean, deviation = MEAN.mean(keepdims=True), DEVIATION.mean(keepdims=True)
    return (image * deviation[:, None, None] + mean[:, None, None]) * 255


def main(path, folder):
    with h5py.File(path) as file:
        count, channels, size, _ = file["img"].shape
        worst_mean = worst = 0.0
        for index in range(count):
            listed = file["paths"].asstr()[index]
            difference = np.abs(undo(file["img"][index]) - make(pathlib.Path(folder) / listed, size, channels))
            worst_mean, worst = max(worst_mean, difference.mean()), max(worst, difference.max())
        images = file["img"]
        print(f"{path}: {images.shape} {images.dtype}, chunks {images.chunks}, compression {images.compression}")
        if "labels" in file:
            labels = np.stack([file["labels"][index] for index in range(count)])
            names = file["img"].attrs["class_names"]
            print(f"labels {labels.shape} {labels.dtype}; positive: {dict(zip(names, (labels == 1).sum(0).tolist()))}")
        print({name: value for name, value in file["img"].attrs.items() if name != "class_names"})
        print(f"against Pillow, in 1/255: mean of an image at most {worst_mean:.4f}, a pixel at most {worst:.4f}")
        if worst_mean > 1:
            sys.exit("images differ")


if __name__ == "__main__":
    main(*sys.argv[1:])
