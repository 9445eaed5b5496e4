#!/usr/bin/python3
"""Makes test/data_files/hdf5_formats/: HDF5 files whose numbers have unusual formats, and what libhdf5 makes of them.

Run with Debian's python3-h5py and python3-numpy: /usr/bin/python3 test/golden/make_hdf5_formats.py
"""

import json
import pathlib

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data_files" / "hdf5_formats"
SHAPE = (3, 1, 4, 6)
random = np.random.default_rng(816)


def integer(size, offset, precision, signed=False, big=False):
    base = {1: h5t.STD_U8LE, 2: h5t.STD_U16LE, 4: h5t.STD_U32LE, 8: h5t.STD_U64LE}.get(size, h5t.STD_U64LE).copy()
    if signed:
        base.set_sign(h5t.SGN_2)
    base.set_precision(precision)
    base.set_offset(offset)
    base.set_size(size)
    if big:
        base.set_order(h5t.ORDER_BE)
    return base


def floating(size, sign, exponent, mantissa, bias, big=False):
    base = h5t.IEEE_F32LE.copy()
    base.set_fields(sign, exponent[0], exponent[1], mantissa[0], mantissa[1])
    base.set_ebias(bias)
    base.set_precision(1 + exponent[1] + mantissa[1])
    base.set_size(size)
    if big:
        base.set_order(h5t.ORDER_BE)
    return base


def bfloat16(big=False):
    return floating(2, 15, (7, 8), (0, 7), 127, big)


def write(name, stored_type, values, filters=None, commit=False):
    """Writes float64 values by libhdf5's own conversion, and returns what its conversion reads."""
    with h5py.File(FOLDER / name, "w") as file:
        if commit:
            stored_type.commit(file.id, b"number")
        creation = h5p.create(h5p.DATASET_CREATE)
        if filters:
            creation.set_chunk((1, *SHAPE[1:]))
            filters(creation)
        dataset = h5d.create(file.id, b"img", stored_type, h5s.create_simple(SHAPE), creation)
        dataset.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(values, "f8"), h5t.NATIVE_DOUBLE)
    with h5py.File(FOLDER / name) as file:
        read = np.empty(SHAPE, "f8")
        file["img"].id.read(h5s.ALL, h5s.ALL, read, h5t.NATIVE_DOUBLE)
    return read.ravel().tolist()


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.h5"):
        if old.name != "prec12_off4.h5":
            old.unlink()
    floats = random.normal(0, 2, SHAPE)
    words = random.integers(0, 4096, SHAPE)
    signed = random.integers(-2048, 2048, SHAPE)
    wide = random.integers(0, 2**24, SHAPE)
    wider = random.integers(-(2**39), 2**39, SHAPE)
    nbit = lambda creation: creation.set_filter(h5z.FILTER_NBIT, 0)
    shuffled = lambda creation: (creation.set_shuffle(), creation.set_deflate(4))
    files = {
        "bfloat16le": write("bfloat16le.h5", bfloat16(), floats),
        "bfloat16be": write("bfloat16be.h5", bfloat16(True), floats),
        "bfloat16_gzip": write("bfloat16_gzip.h5", bfloat16(), floats, shuffled),
        "bfloat16_committed": write("bfloat16_committed.h5", bfloat16(), floats, commit=True),
        "float8": write("float8.h5", floating(1, 7, (2, 5), (0, 2), 15), floats),
        "float24": write("float24.h5", floating(3, 23, (16, 7), (0, 16), 63), floats),
        "uint12_at_4": write("uint12_at_4.h5", integer(2, 4, 12), words),
        "uint12_at_4_be": write("uint12_at_4_be.h5", integer(2, 4, 12, big=True), words),
        "uint12": write("uint12.h5", integer(2, 0, 12), words),
        "int12_at_3": write("int12_at_3.h5", integer(2, 3, 12, True), signed),
        "int12_be": write("int12_be.h5", integer(2, 0, 12, True, True), signed),
        "uint12_in_32": write("uint12_in_32.h5", integer(4, 9, 12), words),
        "uint24": write("uint24.h5", integer(3, 0, 24), wide),
        "uint24_be": write("uint24_be.h5", integer(3, 0, 24, big=True), wide),
        "int40_in_64": write("int40_in_64.h5", integer(8, 13, 40, True), wider),
        "uint12_nbit": write("uint12_nbit.h5", integer(2, 4, 12), words, nbit),
        "int12_nbit_be": write("int12_nbit_be.h5", integer(2, 2, 12, True, True), signed, nbit),
        "uint6": write("uint6.h5", integer(1, 1, 6), words % 64),
    }
    (FOLDER / "expected.json").write_text(json.dumps(files) + "\n")


main()
