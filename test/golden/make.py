#!/usr/bin/python3
"""Makes every golden in this folder with PyTorch: `/usr/bin/python3 test/golden/make.py` (deno must be in the PATH).

operations.json, operations.bin.gz    outputs and gradients of the cases in test/operation_cases.ts, see operations.py
training.json, training.bin.gz, *.pt  a few steps of training small VQ-VAE-2 models, see training.py
fashion32, fashion64, brain128.bin.gz the images they are trained on, see images.py

Needs Debian's python3-torch, python3-numpy and python3-pil; the images are only made anew where their file is missing
(then from dataset-fashion-mnist and mricron-data).
"""

import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True

import numpy as np
import torch

from operations import operation_goldens
from store import write_index
from training import training_goldens

FOLDER = os.path.dirname(os.path.abspath(__file__))


def exported_cases():
    command = ["deno", "run", os.path.join(FOLDER, "export_cases.ts")]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def write(name, key, store, entries):
    header = {"torch": torch.__version__, "numpy": np.__version__, "threads": torch.get_num_threads()}
    store.write(os.path.join(FOLDER, f"{name}.bin.gz"))
    write_index(os.path.join(FOLDER, f"{name}.json"), header, key, entries)


def main():
    torch.set_num_threads(1)
    write("operations", "cases", *operation_goldens(exported_cases()))
    write("training", "models", *training_goldens(FOLDER))


if __name__ == "__main__":
    main()
