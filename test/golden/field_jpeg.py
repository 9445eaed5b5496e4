#!/usr/bin/python3
"""Makes JPEG files of unusual kinds, with their right pixels by Pillow, in test/data_files/field_images:

    /usr/bin/python3 test/golden/field_jpeg.py

The files are written by libjpeg through encode_jpeg.c, so a C compiler and Debian's libjpeg62-turbo-dev are needed, beside dcmtk,
python3-pil, python3-pydicom, python3-gdcm and python3-skimage.
"""

import io
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import numpy as np
import pydicom
import skimage.data
from PIL import Image, ImageOps

from field_store import HERE, expect_levels, path, write_index

COLOURS = np.ascontiguousarray(skimage.data.chelsea()[60:97, 180:223])  # 37 × 43
GRAY = np.ascontiguousarray(skimage.data.camera()[80:117, 200:243])


def encode(name, pixels, sampling, progressive=0, arithmetic=0, restart=0, colours="ycc"):
    with tempfile.TemporaryDirectory() as folder:
        raw = os.path.join(folder, "raw")
        pixels.tofile(raw)
        components = 1 if pixels.ndim == 2 else pixels.shape[2]
        subprocess.run([ENCODER, raw, str(pixels.shape[1]), str(pixels.shape[0]), str(components), path(name), sampling,
                        str(progressive), str(arithmetic), str(restart), colours], check=True)


def shown(source):
    image = Image.open(source)
    return np.asarray(image.convert("L" if image.mode == "L" else "RGB"))


def expect(name, what, tolerance=0):
    expect_levels(name, shown(path(name)), 255, what, tolerance)


def samplings():
    for sampling in ("1x1,1x1,1x1", "2x1,1x1,1x1", "1x2,1x1,1x1", "2x2,1x1,1x1", "4x1,1x1,1x1", "1x4,1x1,1x1", "3x1,1x1,1x1", "1x3,1x1,1x1",
                     "4x2,1x1,1x1", "2x4,1x1,1x1", "2x2,2x1,1x2", "2x2,1x2,2x1", "3x2,1x1,1x1", "1x1,2x2,1x1", "3x1,1x1,3x1"):
        for progressive in (0, 1):
            name = f"jpeg_{sampling.replace(',', '_')}{'_progressive' if progressive else ''}.jpg"
            encode(name, COLOURS, sampling, progressive, restart=3 * (len(sampling) % 2))
            expect(name, f"sampling {sampling}")
    encode("jpeg_gray_2x2.jpg", GRAY, "2x2")
    expect("jpeg_gray_2x2.jpg", "gray with sampling factors")
    encode("jpeg_rgb.jpg", COLOURS, "1x1,1x1,1x1", colours="rgb")
    expect("jpeg_rgb.jpg", "RGB without a transformation")
    narrow = np.ascontiguousarray(COLOURS[:, :3])
    for sampling in ("2x1,1x1,1x1", "2x2,1x1,1x1", "1x2,1x1,1x1"):
        encode(f"jpeg_narrow_{sampling[:3]}.jpg", narrow, sampling)
        expect(f"jpeg_narrow_{sampling[:3]}.jpg", "three columns")


def arithmetic():
    for progressive in (0, 1):
        for restart in (0, 4):
            name = f"jpeg_arithmetic{'_progressive' if progressive else ''}{'_restart' if restart else ''}.jpg"
            encode(name, COLOURS, "2x2,1x1,1x1", progressive, 1, restart)
            expect(name, "arithmetic codes")
    encode("jpeg_arithmetic_gray.jpg", GRAY, "1x1", 0, 1)
    expect("jpeg_arithmetic_gray.jpg", "arithmetic codes, gray")


def four_components():
    inks = np.concatenate([255 - COLOURS, (COLOURS.mean(-1, keepdims=True) / 2).astype("u1")], -1)
    for colours in ("cmyk", "ycck"):
        for sampling in ("1x1,1x1,1x1,1x1", "2x2,1x1,1x1,2x2"):
            for progressive in (0, 1):
                name = f"jpeg_{colours}_{sampling[:3]}{'_progressive' if progressive else ''}.jpg"
                encode(name, 255 - inks, sampling, progressive, colours=colours)
                expect(name, f"four components, {colours}")


def with_warnings():
    encode("jpeg_plain.jpg", COLOURS, "2x2,1x1,1x1")
    encode("jpeg_gradual.jpg", COLOURS, "2x2,1x1,1x1", 1)
    encode("jpeg_restarts.jpg", COLOURS, "2x1,1x1,1x1", restart=2)
    plain, gradual, restarts = (open(path(name), "rb").read() for name in ("jpeg_plain.jpg", "jpeg_gradual.jpg", "jpeg_restarts.jpg"))
    scan = plain.index(b"\xff\xda")
    marker = restarts.index(b"\xff\xd1")
    icc = b"ICC_PROFILE\0\x05\x02" + b"no profile"
    cases = {
        "stray_before_end": plain[:-2] + b"\x12\x34\x56" + plain[-2:],
        "stray_before_restart": restarts[:marker] + b"\x55\xaa" + restarts[marker:],
        "stray_between_segments": plain[:scan] + b"\x01\x02\x03" + plain[scan:],
        "fill_bytes": plain[:scan] + b"\xff\xff\xff" + plain[scan:],
        "se_0": plain[:scan + 11] + b"\0\0\0" + plain[scan + 14:],
        "se_other": plain[:scan + 11] + b"\0\x3e\x11" + plain[scan + 14:],
        "no_end": plain[:-2],
        "no_end_progressive": gradual[:-2],
        "half_an_end": plain[:-1],
        "after_end": plain + b"\0" * 100 + b"text",
        "bad_icc": plain[:2] + b"\xff\xe2" + (len(icc) + 2).to_bytes(2, "big") + icc + plain[2:],
        "bad_jfif": plain.replace(b"JFIF\0\x01\x01", b"JFIF\0\x09\x09"),
    }
    for name, content in cases.items():
        with open(path(f"jpeg_warning_{name}.jpg"), "wb") as file:
            file.write(content)
        right = plain if "progressive" not in name and "restart" not in name else gradual if "progressive" in name else restarts
        # Pillow takes files without an end for cut short: the whole file has the same pixels.
        expect_levels(f"jpeg_warning_{name}.jpg", shown(io.BytesIO(right)), 255, f"warning: {name}", 0)
        try:
            same = np.array_equal(shown(path(f"jpeg_warning_{name}.jpg")), shown(io.BytesIO(right)))
            print(name, "Pillow", "agrees" if same else "DIFFERS")
        except Exception as error:
            print(name, "Pillow:", error)
    for name in ("jpeg_plain.jpg", "jpeg_gradual.jpg", "jpeg_restarts.jpg"):
        os.remove(path(name))


def orientations():
    for orientation in range(1, 9):
        image = Image.fromarray(COLOURS)
        exif = image.getexif()
        exif[0x0112] = orientation
        name = f"jpeg_orientation_{orientation}.jpg"
        image.save(path(name), exif=exif, quality=90)
        expect_levels(name, np.asarray(ImageOps.exif_transpose(Image.open(path(name)))), 255, f"Exif orientation {orientation}", 0)


def twelve_bits():
    """12 bits in DICOM: gray with and without restarts, by dcmtk; its stored samples by GDCM and dcmtk."""
    source = os.path.join(HERE, "..", "data_files", "images", "dicom_12_bit.dcm")
    for name, options in (("baseline", []), ("sampled", ["+q", "50"])):
        file = path(f"jpeg_12_bit_{name}.dcm")
        subprocess.run(["dcmcjpeg", "+ee", *options, source, file], check=True, capture_output=True)
        results = []
        for command in (["dcmdjpeg"], ["gdcmconv", "--raw"]):
            with tempfile.TemporaryDirectory() as folder:
                raw = os.path.join(folder, "raw.dcm")
                subprocess.run([*command, file, raw], check=True, capture_output=True)
                results.append(pydicom.dcmread(raw).pixel_array.astype(float))
        print(name, "dcmtk and GDCM differ by", np.abs(results[0] - results[1]).max())
        data = pydicom.dcmread(file)  # dcmtk changes the rescaling.
        shades = (results[0] * float(data.RescaleSlope) + float(data.RescaleIntercept) - (2100 - 0.5)) / (3200.5 - 1) + 0.5
        expect_levels(f"jpeg_12_bit_{name}.dcm", np.clip(shades, 0, 1) * 65535, 65535, "JPEG of 12 bits", 1)


with tempfile.TemporaryDirectory() as program:
    ENCODER = os.path.join(program, "encode_jpeg")
    subprocess.run(["gcc", "-O1", os.path.join(HERE, "encode_jpeg.c"), "-o", ENCODER, "-ljpeg"], check=True)
    for make in (samplings, arithmetic, four_components, with_warnings, orientations, twelve_bits):
        make()
write_index("jpeg.json")
