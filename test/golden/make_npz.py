#!/usr/bin/python3
"""Makes test/data_files/npz/: small files in the form of MedMNIST's and Keras's, and others that are refused.

Pixel i of image n of a split is (7 n + i + s) mod 256, where s is 0, 100 and 200 for train, val and test.
Run with Debian's python3-numpy: /usr/bin/python3 test/golden/make_npz.py
"""

import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data_files" / "npz"
COUNTS = {"train": 5, "val": 2, "test": 3}


def images(split, shape, dtype="u1", factor=1):
    start = {"train": 0, "val": 100, "test": 200}[split]
    plane = np.arange(int(np.prod(shape)))
    return np.stack([(7 * n + plane + start) % 256 for n in range(COUNTS[split])]).reshape(-1, *shape).astype(dtype) * factor


def write(name, shape, labels, save=np.savez_compressed, **changes):
    arrays = {}
    for split, count in COUNTS.items():
        arrays[f"{split}_images"] = images(split, shape, **changes)
        if labels:
            arrays[f"{split}_labels"] = labels(count)
    save(FOLDER / name, **arrays)


FOLDER.mkdir(parents=True, exist_ok=True)
write("classes.npz", (4, 4), lambda count: (np.arange(count) % 4).reshape(-1, 1).astype("u1"))
write("binary.npz", (4, 4, 3), lambda count: (np.arange(count) % 2).reshape(-1, 1).astype("i8"), save=np.savez)
write("several.npz", (4, 6), lambda count: np.eye(count, 3, dtype="u1"))
write("deep_big_endian.npz", (4, 4), None, dtype=">u2", factor=257)
write("volumes.npz", (4, 4, 4), None)
np.savez_compressed(FOLDER / "keras.npz", x_train=images("train", (4, 4)), y_train=np.arange(5), x_test=images("test", (4, 4)), y_test=np.arange(3))
np.savez(FOLDER / "other.npz", a=np.zeros(3))
