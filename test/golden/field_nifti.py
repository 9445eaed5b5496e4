#!/usr/bin/python3
"""Makes NIfTI and Analyze files of every kind, with their right pixels by nibabel, in test/data_files/field_images:

    /usr/bin/python3 test/golden/field_nifti.py

The slices are those along the third axis, the second axis upwards, from the smallest to the largest value. nifti_turned.json
holds the slices along each axis of volumes that nibabel's `as_closest_canonical` turned.
"""

import itertools
import json
import os
import sys

sys.dont_write_bytecode = True

import nibabel
import numpy as np

from field_store import expect_levels, path, write_index

X, Y, Z = np.mgrid[:7, :6, :3]
VALUES = X * 11 + Y * 5 + Z * 3 + (X == Y) * 20


def shown(values, largest):
    values = values.astype(float)
    low, high = values.min(), values.max()
    gray = (values - low) / (high - low) * largest
    return np.stack([gray[:, ::-1, z].T for z in range(values.shape[2])])


def save(name, array, kind=nibabel.Nifti1Image, header=None):
    nibabel.save(kind(array, np.eye(4), header), path(name))


def types():
    for name in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"):
        dtype = np.dtype(name)
        values = VALUES.astype(dtype)
        if dtype.kind == "i":
            values = (VALUES - 60).astype(dtype)
        if dtype.itemsize == 8 and dtype.kind in "iu":
            values = values * (2 ** 40)
        for order in ("<", ">"):
            ordered = values.astype(dtype.newbyteorder(order))
            file = f"nifti_{name}_{'little' if order == '<' else 'big'}.nii"
            header = nibabel.Nifti1Header(endianness=order)
            header.set_data_dtype(ordered.dtype)
            header.set_data_shape(ordered.shape)
            header["vox_offset"], header["magic"], header["pixdim"][:4] = 352, b"n+1", 1
            with open(path(file), "wb") as out:
                out.write(header.binaryblock + b"\0" * 4 + ordered.tobytes(order="F"))
            read = np.asarray(nibabel.load(path(file)).dataobj)
            assert np.array_equal(read.astype(float), values.astype(float)), file
            expect_levels(file, shown(read, 255 if dtype.itemsize == 1 else 65535), 255 if dtype.itemsize == 1 else 65535, f"values of {name}, {order}")
    for name, fields in (("rgb", "RGB"), ("rgba", "RGBA")):
        colours = np.zeros(VALUES.shape, [(field, "u1") for field in fields])
        for index, field in enumerate(fields):
            colours[field] = VALUES * (index + 1) % 256
        save(f"nifti_{name}.nii", colours)
        planes = np.stack([colours[field] for field in "RGB"], -1)
        expect_levels(f"nifti_{name}.nii", np.stack([planes[:, ::-1, z].transpose(1, 0, 2) for z in range(3)]), 255, name, 0)


def pairs():
    save("pair_nifti.img", VALUES.astype("i2"), nibabel.Nifti1Pair)
    save("pair_nifti2.img", VALUES.astype("f4"), nibabel.Nifti2Pair)
    save("pair_analyze.img", VALUES.astype("i2"), nibabel.AnalyzeImage)
    for name in ("pair_nifti", "pair_nifti2", "pair_analyze"):
        expect_levels(f"{name}.hdr", shown(VALUES, 65535), 65535, f"{name}: two files")


def turned():
    """Volumes in each of the 48 orientations: bytes of a header's matrix and quaternion, and what nibabel makes of them."""
    cases = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            matrix = np.zeros((4, 4))
            matrix[3, 3] = 1
            for stored, patient in enumerate(order):
                matrix[patient, stored] = signs[stored] * (2 + stored)
            # A little oblique, as real ones are.
            angle = 0.1
            turn = np.array([[np.cos(angle), -np.sin(angle), 0, 3], [np.sin(angle), np.cos(angle), 0, -4], [0, 0, 1, 9], [0, 0, 0, 1]])
            image = nibabel.Nifti1Image(VALUES.astype("u1"), turn @ matrix)
            for kind in ("sform", "qform"):
                image.header.set_sform(turn @ matrix, code=1 if kind == "sform" else 0)
                image.header.set_qform(turn @ matrix, code=1 if kind == "qform" else 0)
                canonical = nibabel.as_closest_canonical(nibabel.Nifti1Image(VALUES.astype("u1"), image.header.get_best_affine()))
                values = np.asarray(canonical.dataobj)
                cases.append({"kind": kind, "header": image.header.binaryblock.hex(), "shape": values.shape,
                              "values": values.ravel(order="F").tolist()} if len(cases) % 3 == 0 else None)
    with open(path("nifti_turned.json"), "w") as file:
        stored = VALUES.astype("u1").ravel(order="F").tolist()
        json.dump({"stored": stored, "cases": [case for case in cases if case]}, file)


types()
pairs()
turned()
write_index("nifti.json")
