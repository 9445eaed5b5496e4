"""Writes the right pixels of the files in test/data_files/field_images, and the index of them."""

import gzip
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "data_files", "field_images")
ENTRIES = []


def path(name):
    return os.path.join(FOLDER, name)


def expect_levels(name, levels, largest, what, tolerance=1):
    """`levels`: 0 … largest, [images,] height, width[, 3]."""
    pixels = np.round(np.asarray(levels, float)).astype("<u2")
    if pixels.shape[-1] != 3:
        pixels = pixels[..., None]
    pixels = pixels.reshape(-1, *pixels.shape[-3:])
    with open(path(name + ".expected.gz"), "wb") as file:
        file.write(gzip.compress(pixels.tobytes(), mtime=0))
    ENTRIES.append({"file": name, "shape": list(pixels.shape), "largest": largest, "tolerance": tolerance, "what": what})
    return pixels


def write_index(name):
    with open(path(name), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(entry) for entry in ENTRIES) + "\n]\n")
