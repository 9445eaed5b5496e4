"""Writes golden numbers: one gzip'ed file of little-endian float32 and a JSON index that says what lies where.

An array's entry is {shape, step, offset, sumOfSquares}: the file holds the row-major elements 0, step, 2·step, … from
`offset` (counted in numbers) on. Arrays of up to 512 elements are whole (step 1); of longer ones at most 512 elements are kept, at
the smallest step that has no factor in common with the length, so that every row, column and channel is met. The sum of
squares is over all elements.
"""

import gzip
import json
import math
import os

import numpy as np

SAMPLE = 512


def sampling_step(length, limit=SAMPLE):
    step = math.ceil(length / limit) or 1
    while math.gcd(step, length) > 1:
        step += 1
    return step


class Store:
    def __init__(self):
        self.parts = []
        self.length = 0

    def add(self, array, whole=False):
        """Keeps an array and returns its entry for the index."""
        array = np.asarray(array, dtype=np.float64)
        values = array.reshape(-1)
        step = 1 if whole else sampling_step(values.size)
        kept = values[::step].astype("<f4")
        entry = {
            "shape": list(array.shape),
            "step": step,
            "offset": self.length,
            "sumOfSquares": float(np.square(values).sum()),
        }
        self.parts.append(kept)
        self.length += kept.size
        return entry

    def write(self, path):
        write_gzip(path, np.concatenate(self.parts).tobytes())


def write_gzip(path, data):
    """The same data give the same file: no name and no time in the header."""
    with open(path, "wb") as file:
        file.write(gzip.compress(data, 9, mtime=0))


def write_goldens(folder, name, header, key, store, entries):
    """NAME.bin.gz and its index NAME.json."""
    store.write(os.path.join(folder, f"{name}.bin.gz"))
    write_index(os.path.join(folder, f"{name}.json"), header, key, entries)


def write_index(path, header, name, entries):
    """A JSON object of the header's members and, as `name`, a list with one entry a line."""
    members = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in header.items()]
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
    members.append(f"{json.dumps(name)}: [\n{lines}\n]")
    with open(path, "w") as file:
        file.write("{\n" + ",\n".join(members) + "\n}\n")
