#!/usr/bin/python3
"""Makes test/data_files/hdf5_formats/: HDF5 files whose numbers have unusual formats, what libhdf5 makes of them, and
files in other layouts. prec12_off4.h5 and its expected values were made by libhdf5 1.10.8 in the same way.

Run with Debian's python3-h5py, python3-lz4, python3-numpy and zstd: /usr/bin/python3 test/golden/make_hdf5_formats.py
"""

import bz2
import json
import pathlib
import struct
import subprocess

import h5py
import lz4.block
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


LAYOUTS = FOLDER / "layouts"


def make_layouts():
    """Files in layouts other than vqray's own: bytes 0 to 71 as images, and labels."""
    LAYOUTS.mkdir(exist_ok=True)
    images = np.arange(3 * 1 * 4 * 6, dtype="u1").reshape(SHAPE)
    with h5py.File(LAYOUTS / "labels_1d.h5", "w") as file:
        file["img"], file["labels"] = images, np.array([0.0, 1.0, np.nan], "f4")
    with h5py.File(LAYOUTS / "labels_classes.h5", "w") as file:
        file["img"], file["labels"] = images, np.array([2, 0, 3], "i8")
    with h5py.File(LAYOUTS / "labels_classes_column.h5", "w") as file:
        file["img"], file["labels"] = images, np.array([[2], [0], [3]], ">u2")
        file["labels"].attrs["class_names"] = ["a", "b", "c", "d", "e"]
    with h5py.File(LAYOUTS / "labels_not_classes.h5", "w") as file:
        file["img"], file["labels"] = images, np.array([5, -1, 3], "i4")
    with h5py.File(LAYOUTS / "channels_last.h5", "w") as file:
        file["img"] = np.arange(2 * 4 * 6 * 3, dtype="u1").reshape(2, 4, 6, 3)
    with h5py.File(LAYOUTS / "channels_last_gray.h5", "w") as file:
        file["img"] = images.reshape(3, 4, 6, 1).astype("f4") / 255
    with h5py.File(LAYOUTS / "int16.h5", "w") as file:
        file["img"] = images.astype("<i2") * 40 - 1024
    with h5py.File(LAYOUTS / "int32_attribute.h5", "w") as file:
        file["img"] = images.astype(">i4") * 40 - 1024
        file["img"].attrs["input_range"] = [-1024, 1856]
    with h5py.File(LAYOUTS / "other_names.h5", "w") as file:
        file["train/x"], file["train/y"] = images, np.eye(3, dtype="f4")
    with h5py.File(LAYOUTS / "other_mean.h5", "w") as file:
        file["img"] = (images.astype("f4") / 255 - 0.5) / 0.25
        file["img"].attrs["mean"], file["img"].attrs["std"] = [0.5], [0.25]
    with h5py.File(LAYOUTS / "link.h5", "w") as file:
        file["img"] = h5py.ExternalLink("other_names.h5", "/train/x")
        file["labels"] = h5py.SoftLink("/group/labels")
        file.create_group("group")["labels"] = h5py.ExternalLink("other_names.h5", "train/y")
    with h5py.File(LAYOUTS / "link_outside.h5", "w") as file:
        file["img"] = h5py.ExternalLink("../int12_be.h5", "/img")
    with h5py.File(LAYOUTS / "link_missing.h5", "w") as file:
        file["img"] = h5py.ExternalLink("nowhere.h5", "/img")
    with h5py.File(LAYOUTS / "link_loop.h5", "w") as file:
        file["img"] = h5py.ExternalLink("link_loop.h5", "/img")
    for name, source in {"virtual": "other_names.h5", "virtual_outside": "../int12_be.h5", "virtual_missing": "nowhere.h5"}.items():
        layout = h5py.VirtualLayout((6, 1, 4, 6), "u1")
        layout[:3] = h5py.VirtualSource(source, "train/x", SHAPE)
        layout[3:] = h5py.VirtualSource("link_target.h5" if name == "virtual" else source, "img", SHAPE)
        with h5py.File(LAYOUTS / f"{name}.h5", "w") as file:
            file.create_virtual_dataset("img", layout)
    with h5py.File(LAYOUTS / "link_target.h5", "w") as file:
        file["img"] = images + 100
    with h5py.File(LAYOUTS / "virtual_of_link.h5", "w") as file:
        layout = h5py.VirtualLayout(SHAPE, "u1")
        layout[:] = h5py.VirtualSource("link_outside.h5", "img", SHAPE)
        file.create_virtual_dataset("img", layout)
    with h5py.File(LAYOUTS / "external_storage.h5", "w") as file:
        file.create_dataset("img", SHAPE, "u1", external=[(b"numbers.bin", 0, 72)])
    with h5py.File(LAYOUTS / "virtual_of_external_storage.h5", "w") as file:
        layout = h5py.VirtualLayout(SHAPE, "u1")
        layout[:] = h5py.VirtualSource("external_storage.h5", "img", SHAPE)
        file.create_virtual_dataset("img", layout)
    make_ranges(images)
    make_filtered(images)


def make_ranges(images):
    """Values whose range a reader must find out."""
    for name, values in {
        "float_0_1": images.astype("f4") / 71,
        "float_0_255": images.astype("f8") * 3,
        "float_minus_1_1": images.astype("f4") / 35.5 - 1,
        "float_large": images.astype("f4") * 50,
        "float_normalised": (images.astype("f4") / 71 - 0.449) / 0.226,
        "uint16_12_bits": images.astype("<u2") * 57,
        "uint8_1_bit": images % 2,
    }.items():
        with h5py.File(LAYOUTS / f"{name}.h5", "w") as file:
            file["img"] = values
    late = np.zeros((40, 1, 4, 6), "f4")
    late[:, 0, 0, 0] = 1
    late[1, 0, 2, 3] = -2
    with h5py.File(LAYOUTS / "float_0_1_except_one.h5", "w") as file:
        file["img"] = late


def make_filtered(images):
    """Chunks that were compressed by other programs than libhdf5 and its plugins."""
    values = np.repeat(images.astype("<f4"), 8, axis=3)
    compressors = {
        "bzip2": (307, (9,), bz2.compress),
        "zstd": (32015, (3,), zstd_frame),
        "lz4": (32004, (0,), lz4_chunk),
        "blosc_stored": (32001, (2, 2, 4, len(values[0].tobytes()), 0, 0, 0), blosc_stored),
        "bitshuffle": (32008, (0, 4, 4, 0, 0), bitshuffled),
    }
    for name, (number, options, compress) in compressors.items():
        with h5py.File(LAYOUTS / f"filter_{name}.h5", "w") as file:
            creation = h5p.create(h5p.DATASET_CREATE)
            creation.set_chunk((1, *values.shape[1:]))
            creation.set_filter(number, h5z.FLAG_OPTIONAL, options)
            dataset = h5d.create(file.id, b"img", h5t.IEEE_F32LE, h5s.create_simple(values.shape), creation)
            for index, image in enumerate(values):
                dataset.write_direct_chunk((index, 0, 0, 0), compress(image.tobytes()))


def zstd_frame(data):
    """A frame that states the size of its content."""
    command = ["zstd", "-c", f"--stream-size={len(data)}"]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def lz4_chunk(data):
    """Big-endian sizes of all data and of a block, then each block with its size."""
    block = lz4.block.compress(data, store_size=False)
    return struct.pack(">QII", len(data), len(data), len(block)) + block


def blosc_stored(data):
    """A header of 16 bytes that says that the data follow as they are."""
    return struct.pack("<BBBBIII", 2, 1, 2, 4, len(data), len(data), len(data) + 16) + data


def bitshuffled(data):
    """All first bits of a block's numbers, then all second bits; a block has 8192 bytes at most, here all data."""
    numbers = np.frombuffer(data, "<u4")
    assert len(data) <= 8192 and len(numbers) % 8 == 0
    bits = np.unpackbits(numbers.view("u1").reshape(-1, 4), axis=1, bitorder="little")
    return np.packbits(bits.T, axis=1, bitorder="little").tobytes()


if __name__ == "__main__":
    main()
    make_layouts()
