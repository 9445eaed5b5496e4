"""Writes float8.json: the values of all 256 bit patterns of the 8-bit floats, by their names in safetensors files.

    python3 test/golden/float8.py

Made with ml_dtypes 0.6.0 (from PyPI), the 8-bit floats that JAX and TensorFlow use.
"""

import json
import math
import os

import ml_dtypes
import numpy as np

TYPES = {
    "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2,
    "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz, "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
}


def number(value):
    return float(value) if math.isfinite(value) else str(value)


bits = np.arange(256, dtype=np.uint8)
values = {name: [number(value) for value in bits.view(dtype).astype(np.float32)] for name, dtype in TYPES.items()}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "float8.json"), "w") as file:
    file.write("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(each)}" for name, each in values.items()) + "\n}\n")
