#!/usr/bin/python3
"""Writes images_decoded.json, what other decoders make of test/data_files/images, and images_decoded.bin.gz with some of
their pixels: `/usr/bin/python3 test/golden/images_decoded.py`.

PNG is decoded by ImageMagick, and those of 8 bits by Pillow too; JPEG by Pillow; NIfTI by nibabel; the stored samples of
DICOM files by pydicom with GDCM and Pillow behind it. How DICOM samples are shown is computed by pydicom's own functions
for tables and windows, and compared here with what dcmtk's dcm2pnm shows, to one of 256 levels.

An entry of the JSON is a file: `images`, a sample's `largest`, and `pixels`, the array [images, height, width, channels] of
which some elements are in the binary file (see store.py), before they are rounded. `sha256` is over all of them as bytes or
16-bit numbers in little endian, where they are whole numbers without rounding. Files named `refused_…` have no entry.

Needs Debian's imagemagick, dcmtk, python3-pydicom, python3-gdcm (with libgdcm-tools), python3-pil and python3-nibabel.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import gdcm
import nibabel
import numpy as np
import PIL
import pydicom
from PIL import Image
from pydicom.pixel_data_handlers.util import apply_color_lut, apply_modality_lut, apply_voi_lut, convert_color_space

from store import Store, write_index

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "data_files", "images")


def decode_png(path):
    image = Image.open(path)
    depth = 16 if open(path, "rb").read(25)[24] == 16 else 8
    is_gray = image.mode in ("1", "L", "LA", "I", "I;16")
    channels = 1 if is_gray else 3
    kind = "GRAY" if is_gray else "RGB"
    command = ["convert", path, "-alpha", "off", "-depth", str(depth), "-endian", "LSB", f"{kind}:-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    pixels = np.frombuffer(raw, "<u2" if depth == 16 else "u1").reshape(image.height, image.width, channels)
    if depth == 8:
        other = np.asarray(image.convert("L" if is_gray else "RGB")).reshape(pixels.shape)
        assert np.array_equal(pixels, other), path
    return [pixels.astype(float)], 2**depth - 1


def decode_jpeg(path):
    pixels = np.asarray(Image.open(path)).astype(float)
    return [pixels.reshape(*pixels.shape[:2], -1)], 255


def decode_nifti(path):
    """The slices along the third axis, the second axis upwards."""
    image = nibabel.load(path)
    values = np.asarray(image.dataobj, np.float64)
    largest = 255 if image.get_data_dtype().itemsize == 1 else 65535
    low, high = float(image.header["cal_min"]), float(image.header["cal_max"])
    if high <= low:
        low, high = np.nanmin(values), np.nanmax(values)
    shades = np.clip(np.nan_to_num((values - low) / (high - low)), 0, 1) * largest
    volumes = shades.reshape(*values.shape[:3], -1)
    return [volumes[:, ::-1, z, t].T[..., None] for t in range(volumes.shape[3]) for z in range(volumes.shape[2])], largest


def decode_dicom(path):
    data = pydicom.dcmread(path)
    frames = int(data.get("NumberOfFrames", 1))
    if data.file_meta.TransferSyntaxUID in pydicom.uid.JPEG2000TransferSyntaxes and data.SamplesPerPixel == 1:
        data.decompress("pillow")  # pydicom sets right what the data set and the picture say differently only with this one.
    stored = data.pixel_array
    if data.PhotometricInterpretation == "PALETTE COLOR":
        shown, largest = apply_color_lut(stored, data).astype(float), 65535
    elif data.SamplesPerPixel == 3:
        if data.PhotometricInterpretation in ("YBR_FULL", "YBR_FULL_422"):
            stored = convert_color_space(stored, "YBR_FULL", "RGB")
        shown, largest = stored.astype(float), 2**data.BitsStored - 1
    else:
        shown, largest = gray(data, stored)
    return list(shown.reshape(frames, data.Rows, data.Columns, -1)), largest


def gray(data, stored):
    largest = 65535 if data.BitsStored > 8 else 255
    if data.HighBit != data.BitsStored - 1:
        stored = stored >> (data.HighBit + 1 - data.BitsStored)
    values = apply_modality_lut(stored, data)
    has_window = "WindowWidth" in data and float(np.atleast_1d(data.WindowWidth)[0]) > 0
    if "VOILUTSequence" in data:
        shades = apply_voi_lut(values, data).astype(float) / (2 ** data.VOILUTSequence[0].LUTDescriptor[2] - 1)
    elif has_window:
        low, high = output_range(data)
        shades = (apply_voi_lut(values, data).astype(float) - low) / (high - low)
    else:
        shades = (values - values.min()) / (float(values.max()) - values.min())
    if data.PhotometricInterpretation == "MONOCHROME1":
        shades = 1 - shades
    return shades * largest, largest


def output_range(data):
    """What pydicom's windows reach from and to: all that the stored bits can mean."""
    if "ModalityLUTSequence" in data:
        return 0, 2 ** data.ModalityLUTSequence[0].LUTDescriptor[2] - 1
    bits = data.BitsStored
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if data.PixelRepresentation else (0, 2**bits - 1)
    slope, intercept = float(data.get("RescaleSlope", 1)), float(data.get("RescaleIntercept", 0))
    return low * slope + intercept, high * slope + intercept


def check_with_dcmtk(path, frames, largest):
    """Compares the first image with dcm2pnm's, which has 256 levels. It reads no JPEG 2000, and without a window does otherwise."""
    data = pydicom.dcmread(path, stop_before_pixels=True)
    syntax = data.file_meta.TransferSyntaxUID
    is_colour = frames[0].shape[-1] == 3
    has_window = "WindowWidth" in data and float(np.atleast_1d(data.WindowWidth)[0]) > 0
    if syntax in pydicom.uid.JPEG2000TransferSyntaxes or not (is_colour or has_window or "VOILUTSequence" in data):
        return "not compared with dcmtk"
    program = "dcml2pnm" if syntax in pydicom.uid.JPEGLSTransferSyntaxes else "dcmj2pnm"
    window = [] if is_colour else ["+Wl", "1"] if "VOILUTSequence" in data else ["+Wi", "1"]
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.pnm")
        subprocess.run([program, *window, "+op", path, out], check=True, capture_output=True)
        other = np.asarray(Image.open(out)).astype(float).reshape(frames[0].shape)
    difference = np.abs(other - frames[0] * 255 / largest).max()
    return f"differs from dcmtk's by {difference:.3f} of 255"


DECODERS = {".png": decode_png, ".jpg": decode_jpeg, ".dcm": decode_dicom, ".nii": decode_nifti, ".gz": decode_nifti}


def entry(store, name, frames, largest):
    pixels = np.stack(frames)
    result = {"file": name, "largest": int(largest), "pixels": store.add(pixels)}
    if np.array_equal(pixels, np.round(pixels)) and not name.startswith("dicom_ybr"):
        stored = pixels.astype("<u2" if largest > 255 else "u1")
        result["sha256"] = hashlib.sha256(stored.tobytes()).hexdigest()
    return result


def main():
    store, entries = Store(), []
    for name in sorted(os.listdir(FOLDER)):
        path = os.path.join(FOLDER, name)
        ending = os.path.splitext(name)[1]
        if name.startswith("refused") or ending not in DECODERS:
            continue
        frames, largest = DECODERS[ending](path)
        compared = check_with_dcmtk(path, frames, largest) if ending == ".dcm" else ""
        print(name, frames[0].shape, compared)
        entries.append(entry(store, name, frames, largest))
    versions = {"pydicom": pydicom.__version__, "gdcm": gdcm.Version.GetVersion(), "pillow": PIL.__version__,
                "nibabel": nibabel.__version__}
    store.write(os.path.join(HERE, "images_decoded.bin.gz"))
    write_index(os.path.join(HERE, "images_decoded.json"), versions, "files", entries)


main()
