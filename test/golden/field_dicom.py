#!/usr/bin/python3
"""Makes DICOM files as modalities really write them, with their right pixels, in test/data_files/field_images:

    /usr/bin/python3 test/golden/field_dicom.py

The right pixels come from those that a file was made of and the formulas of PS3.3, written here in NumPy; what dcmtk or
GDCM can show too is compared with them here.

Needs Debian's dcmtk, libgdcm-tools, libopenjp2-tools, libcharls2, python3-pydicom and python3-pil.
"""

import ctypes
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLossless,
                         JPEGLSLossless)

from field_store import FOLDER, HERE, expect_levels, path, write_index
from lossless_jpeg import encode_lossless

pydicom.config.settings.reading_validation_mode = 0
pydicom.config.settings.writing_validation_mode = 0
HEIGHT, WIDTH = 20, 23
Y, X = np.mgrid[:HEIGHT, :WIDTH]
TWELVE = (X * 150 + Y * 37).astype("<u2")  # 0 … 4003
EIGHT = (TWELVE >> 4).astype("u1")
COLOURS = np.stack([EIGHT, 255 - EIGHT, EIGHT // 2], -1)


def minmax(values, used=None):
    chosen = values if used is None else values[used]
    low, high = float(chosen.min()), float(chosen.max())
    return (np.asarray(values, float) - low) / (high - low)


def linear(values, center, width):
    return (np.asarray(values, float) - (center - 0.5)) / (width - 1) + 0.5


def expect(name, shades, largest, what, tolerance=1, compare=None):
    """Writes the pixels of a file whose shades are 0 … 1, [images,] height, width[, channels]."""
    pixels = expect_levels(name, np.clip(shades, 0, 1) * largest, largest, what, tolerance)
    if compare is not None:
        check_with_dcmtk(path(name), pixels[0] * (255 / largest), compare)


def check_with_dcmtk(file, picture, arguments, program="dcmj2pnm"):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.pnm")
        subprocess.run([program, *arguments, "+op", file, out], check=True, capture_output=True)
        other = np.asarray(Image.open(out)).astype(float).reshape(picture.shape)
    difference = np.abs(other - picture).max()
    assert difference <= 1.1, (file, difference)


def data_set(pixels, bits, syntax=ExplicitVRLittleEndian, word="OW", **elements):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = syntax, "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.9.1"
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.is_little_endian, data.is_implicit_VR = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID, data.PatientID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, "field"
    colour = pixels.shape[-1] == 3
    data.SamplesPerPixel, data.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
    if colour:
        data.PlanarConfiguration = 0
    frames = pixels.ndim - 2 - colour
    if frames:
        data.NumberOfFrames = len(pixels)
    data.Rows, data.Columns = pixels.shape[frames:frames + 2]
    data.BitsAllocated, data.BitsStored, data.HighBit = pixels.dtype.itemsize * 8, bits, bits - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    raw = pixels.tobytes()
    data.add_new(0x7FE00010, word, raw + b"\0" * (len(raw) % 2))
    for key, value in elements.items():
        setattr(data, key, value)
    return data


def save(name, data):
    data.save_as(path(name), write_like_original=False)


def swapped(pixels):
    """The bytes of each pair change places."""
    raw = pixels.tobytes()
    return np.frombuffer(raw + b"\0" * (len(raw) % 2), "<u2").byteswap().tobytes()


def item(**elements):
    result = Dataset()
    for key, value in elements.items():
        setattr(result, key, value)
    return result


def group(slope=None, intercept=None, window=None):
    result = Dataset()
    if slope is not None:
        result.PixelValueTransformationSequence = [item(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="HU")]
    if window is not None:
        result.FrameVOILUTSequence = [item(WindowCenter=window[0], WindowWidth=window[1])]
    return result


def functional_groups():
    frames = np.stack([TWELVE, TWELVE[::-1], TWELVE[:, ::-1]])
    cases = {
        # name: shared, per frame, top level, the (slope, intercept, window) of each frame
        "shared": (group(1, -1024, (40, 400)), [group()] * 3, {}, [(1, -1024, (40, 400))] * 3),
        "per_frame": (group(), [group(1, -1024, (40, 400)), group(0.25, -100, (40, 400)), group(2, -2048, (300, 1500))], {},
                      [(1, -1024, (40, 400)), (0.25, -100, (40, 400)), (2, -2048, (300, 1500))]),
        "mixed": (group(1, -1024, (40, 400)), [group(0.5, -500), group(window=(500, 900)), group()], {},
                  [(0.5, -500, (40, 400)), (1, -1024, (500, 900)), (1, -1024, (40, 400))]),
        "over_top": (group(1, -1024), [group(window=(0, 1000)), group(), group()],
                     {"RescaleSlope": 3, "RescaleIntercept": 7, "WindowCenter": 900, "WindowWidth": 1800},
                     [(1, -1024, (0, 1000)), (1, -1024, (900, 1800)), (1, -1024, (900, 1800))]),
        "no_window": (group(), [group(1, -1024), group(0.5, -1024), group(0.25, 0)], {},
                      [(1, -1024, None), (0.5, -1024, None), (0.25, 0, None)]),
    }
    for name, (shared, own, top, right) in cases.items():
        values = [frame * float(slope) + intercept for frame, (slope, intercept, _) in zip(frames, right)]
        windows = [window for *_, window in right]
        shades = [linear(value, *window) for value, window in zip(values, windows)] if windows[0] else minmax(np.stack(values))
        for kind, syntax in (("", ExplicitVRLittleEndian), ("_implicit", ImplicitVRLittleEndian), ("_big", ExplicitVRBigEndian)):
            if kind and name != "mixed":
                continue
            stored = frames.astype(">u2") if kind == "_big" else frames
            data = data_set(stored, 16, syntax, **top, PerFrameFunctionalGroupsSequence=own, SharedFunctionalGroupsSequence=[shared])
            save(f"groups_{name}{kind}.dcm", data)
            expect(f"groups_{name}{kind}.dcm", np.stack(shades), 65535, f"functional groups: {name}")


def big_endian():
    odd = EIGHT[:19, :]
    for name, pixels in (("gray", EIGHT), ("odd", odd), ("frames", np.stack([odd, odd[::-1], odd]))):
        data = data_set(pixels, 8, ExplicitVRBigEndian)
        data.PixelData = swapped(pixels)
        save(f"big_{name}.dcm", data)
        expect(f"big_{name}.dcm", minmax(pixels), 255, "8 bits in words, big endian", compare=["+Wm"])
    colours = COLOURS[:19]
    for planar in (0, 1):
        data = data_set(colours, 8, ExplicitVRBigEndian, PlanarConfiguration=planar)
        data.PixelData = swapped(np.ascontiguousarray(colours.transpose(2, 0, 1)) if planar else colours)
        save(f"big_rgb_planar_{planar}.dcm", data)
        expect(f"big_rgb_planar_{planar}.dcm", colours / 255, 255, "RGB in words, big endian", 0, compare=[])
    data = data_set(EIGHT, 8, ExplicitVRBigEndian, word="OB")
    save("big_bytes.dcm", data)
    expect("big_bytes.dcm", minmax(EIGHT), 255, "8 bits in bytes, big endian", compare=["+Wm"])
    data = data_set(odd, 8, ExplicitVRBigEndian, PhotometricInterpretation="PALETTE COLOR")
    data.PixelData = swapped(odd)
    tables = [np.arange(256) * 257, 65535 - np.arange(256) * 257, (np.arange(256) * 100)]
    for index, table in enumerate(tables):
        data.add_new(0x00281101 + index, "US", [256, 0, 16])
        data.add_new(0x00281201 + index, "OW", table.astype(">u2").tobytes())
    save("big_palette.dcm", data)
    expect("big_palette.dcm", np.stack([table[odd] for table in tables], -1) / 65535, 65535, "palette, big endian", compare=[])


def jpeg2000(pixels, bits, sign):
    with tempfile.TemporaryDirectory() as folder:
        raw, packed = os.path.join(folder, "raw.rawl"), os.path.join(folder, "packed.j2k")
        pixels.astype("<i2" if sign == "s" else "<u2").tofile(raw)
        subprocess.run(["opj_compress", "-i", raw, "-o", packed, "-n", "3", "-F", f"{pixels.shape[1]},{pixels.shape[0]},1,{bits},{sign}"],
                       check=True, capture_output=True)
        return open(packed, "rb").read()


def jpegls(pixels, bits):
    """A JPEG-LS image by CharLS, whose interface takes a precision."""
    charls = ctypes.CDLL("libcharls.so.2")
    charls.charls_jpegls_encoder_create.restype = ctypes.c_void_p
    encoder = ctypes.c_void_p(charls.charls_jpegls_encoder_create())
    size = (ctypes.c_uint32 * 4)(pixels.shape[1], pixels.shape[0], bits, 1)
    out, raw, written = ctypes.create_string_buffer(2 * pixels.nbytes), np.ascontiguousarray(pixels).tobytes(), ctypes.c_size_t()
    assert charls.charls_jpegls_encoder_set_frame_info(encoder, size) == 0
    assert charls.charls_jpegls_encoder_set_destination_buffer(encoder, out, ctypes.c_size_t(len(out))) == 0
    assert charls.charls_jpegls_encoder_encode_from_buffer(encoder, raw, ctypes.c_size_t(len(raw)), ctypes.c_uint32(0)) == 0
    assert charls.charls_jpegls_encoder_get_bytes_written(encoder, ctypes.byref(written)) == 0
    return out.raw[: written.value]


def compressed(name, stream, pixels, bits, syntax, shades, what, tolerance=1, **elements):
    data = data_set(pixels, bits, syntax, **elements)
    data.PixelData = encapsulate([stream])
    data["PixelData"].is_undefined_length = True
    data["PixelData"].VR = "OB"
    save(name, data)
    expect(name, shades, 65535, what, tolerance)


def other_precision():
    signed = TWELVE.astype("<i2") - 2048
    pattern = (signed & 0xFFF).astype("<u2")
    window = {"WindowCenter": -300, "WindowWidth": 2000}
    right = linear(signed, -300, 2000)
    compressed("j2k_unsigned_for_signed.dcm", jpeg2000(pattern, 12, "u"), signed, 12, JPEG2000Lossless, right, "J2K u12, data set s12", **window)
    compressed("j2k_unsigned_for_signed_16.dcm", jpeg2000(pattern, 12, "u"), signed, 16, JPEG2000Lossless, right, "J2K u12, data set s16", **window)
    compressed("j2k_signed_for_unsigned.dcm", jpeg2000(signed, 12, "s"), TWELVE, 12, JPEG2000Lossless, right, "J2K s12, data set u12", **window)
    compressed("j2k_signed_for_unsigned_16.dcm", jpeg2000(signed, 16, "s"), TWELVE, 16, JPEG2000Lossless, right, "J2K s16, data set u16", **window)
    compressed("j2k_signed_16_for_12.dcm", jpeg2000(signed, 16, "s"), signed, 12, JPEG2000Lossless, right, "J2K s16, data set s12", **window)
    wide = (TWELVE * 10).astype("<u2")
    compressed("j2k_16_for_12.dcm", jpeg2000(wide, 16, "u"), wide, 12, JPEG2000Lossless, linear(wide, 20000, 30000), "J2K u16, data set u12", WindowCenter=20000, WindowWidth=30000)
    compressed("j2k_12_for_16.dcm", jpeg2000(TWELVE, 12, "u"), TWELVE, 16, JPEG2000Lossless, linear(TWELVE, 2000, 3000), "J2K u12, data set u16", WindowCenter=2000, WindowWidth=3000)
    stream = jpegls(pattern, 12)
    compressed("jpegls_unsigned_for_signed.dcm", stream, signed, 12, JPEGLSLossless, right, "JPEG-LS 12, data set s12", **window)
    compressed("jpegls_unsigned_for_signed_16.dcm", stream, signed, 16, JPEGLSLossless, right, "JPEG-LS 12, data set s16", **window)
    compressed("jpegls_12_for_10.dcm", stream, pattern, 10, JPEGLSLossless, linear(pattern, 2000, 3000), "JPEG-LS 12, data set u10", WindowCenter=2000, WindowWidth=3000)
    compressed("jpegls_12_for_16.dcm", stream, pattern, 16, JPEGLSLossless, linear(pattern, 2000, 3000), "JPEG-LS 12, data set u16", WindowCenter=2000, WindowWidth=3000)


def high_throughput():
    """HTJ2K by OpenJPH, from the pixels themselves."""
    def stream(pixels, bits):
        with tempfile.TemporaryDirectory() as folder:
            raw, out = os.path.join(folder, "raw"), os.path.join(folder, "out")
            pixels.tofile(raw)
            components = "3" if pixels.ndim == 3 else "1"
            subprocess.run(["deno", "run", "-A", "--config", f"{HERE}/../../deno.json", f"{HERE}/encode_htj2k.ts", raw, str(pixels.shape[1]),
                            str(pixels.shape[0]), components, str(bits), str(int(pixels.dtype.kind == "i")), out], check=True)
            return open(out, "rb").read()
    signed = TWELVE.astype("<i2") - 2048
    for name, pixels, bits, syntax, shades in (
        ("gray_8", EIGHT, 8, "201", minmax(EIGHT)), ("gray_12", TWELVE, 12, "202", minmax(TWELVE)),
        ("signed_16", signed, 16, "201", minmax(signed)), ("rgb", COLOURS, 8, "203", COLOURS / 255),
    ):
        data = data_set(pixels, bits, JPEG2000Lossless)
        if name == "rgb":
            data.PhotometricInterpretation = "YBR_RCT"
        data.PixelData = encapsulate([stream(pixels, bits)])
        data["PixelData"].is_undefined_length = True
        data["PixelData"].VR = "OB"
        save(f"htj2k_{name}.dcm", data)
        # pydicom 2.3 does not know the syntax.
        content = open(path(f"htj2k_{name}.dcm"), "rb").read()
        length = int.from_bytes(content[140:144], "little") + 2
        content = content[:140] + length.to_bytes(4, "little") + content[144:]
        known = b"UI\x16\x001.2.840.10008.1.2.4.90"
        assert content.count(known) == 1
        with open(path(f"htj2k_{name}.dcm"), "wb") as file:
            file.write(content.replace(known, b"UI\x18\x001.2.840.10008.1.2.4." + syntax.encode() + b"\0"))
        expect(f"htj2k_{name}.dcm", shades, 65535 if bits > 8 else 255, f"HTJ2K, {name}")


def lossless():
    """Every predictor with 8 to 16 bits, with and without restarts, in an odd size. GDCM and dcmtk decode them alike."""
    generator = np.random.default_rng(5)
    for bits in (8, 10, 12, 14, 16):
        for predictor in range(1, 8):
            noise = generator.integers(0, 2 ** bits, (7, 9))
            smooth = (2 ** bits - 1) * (np.sin(np.arange(63).reshape(7, 9) / 9) * 0.5 + 0.5)
            pixels = (noise if predictor % 2 else smooth).astype("<u2")
            pixels[0, 0], pixels[-1, -1] = 2 ** bits - 1, 0
            rows = 2 if bits in (10, 16) else 0
            shift = 2 if bits == 14 else 0
            kept = pixels >> shift << shift
            stream = encode_lossless(pixels >> shift, bits, predictor, rows, shift)
            name = f"lossless_{bits}_{predictor}.dcm"
            stored = pixels.astype("u1") if bits == 8 else pixels
            data = data_set(stored, bits, JPEGLossless)
            data.PixelData = encapsulate([stream])
            data["PixelData"].is_undefined_length = True
            data["PixelData"].VR = "OB"
            save(name, data)
            expect(name, minmax(kept), 65535 if bits > 8 else 255, f"lossless JPEG, predictor {predictor}, {bits} bits", 1)
            if rows == 0:
                check_stored(name, kept)


def check_stored(name, pixels):
    for command in (["dcmdjpeg"], ["gdcmconv", "--raw"]):
        with tempfile.TemporaryDirectory() as folder:
            raw = os.path.join(folder, "raw.dcm")
            done = subprocess.run([*command, path(name), raw], capture_output=True)
            if done.returncode:
                print(name, command[0], "does not decode it")
            elif not np.array_equal(pydicom.dcmread(raw).pixel_array, pixels):
                print(name, command[0], "differs")


def padding():
    inside = (X - 11) ** 2 + (Y - 9.5) ** 2 < 80
    ct = np.where(inside, -100 + 10 * X, -2000).astype("<i2")
    shades = np.where(inside, minmax(ct, inside), 0)
    for name, data in (
        ("tag", data_set(ct, 16, Modality="CT", PixelPaddingValue=-2000)),
        ("no_tag", data_set(ct, 16, Modality="CT")),
        ("unsigned_tag", data_set(ct, 16, Modality="MR")),
    ):
        if name == "unsigned_tag":
            data.add_new(0x00280120, "US", 63536)
        save(f"padding_{name}.dcm", data)
        expect(f"padding_{name}.dcm", shades, 65535, f"Pixel Padding Value: {name}")
    ranged = np.where(inside, ct, np.where(X % 2 == 0, -2000, -1500)).astype("<i2")
    data = data_set(ranged, 16, Modality="MR", PixelPaddingValue=-2000)
    data.add_new(0x00280121, "SS", -1500)
    save("padding_range.dcm", data)
    expect("padding_range.dcm", shades, 65535, "Pixel Padding Range Limit")
    high = np.where(inside, 2000 + 10 * X, 4095).astype("<u2")
    save("padding_monochrome1.dcm", data_set(high, 12, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=4095))
    expect("padding_monochrome1.dcm", np.where(inside, 1 - minmax(high, inside), 0), 65535, "padding of MONOCHROME1 at its black end")
    low = np.where(inside, 2000 + 10 * X, 0).astype("<u2")
    save("padding_monochrome1_low.dcm", data_set(low, 12, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=0))
    expect("padding_monochrome1_low.dcm", np.where(inside, 1 - minmax(low, inside), 0), 65535, "padding of MONOCHROME1 at its white end")
    save("padding_all.dcm", data_set(np.full_like(low, 7), 12, PixelPaddingValue=7))
    expect("padding_all.dcm", np.zeros_like(low, float), 65535, "nothing but padding")


def oddities():
    window = {"WindowCenter": "2048", "WindowWidth": "4096"}
    right = linear(TWELVE, 2048, 4096)
    def add(name, what, shades=right, change=lambda data: None, drop=(), compare=("+Wi", "1"), pixels=TWELVE, **elements):
        data = data_set(pixels, 12, **{**window, **elements})
        for tag in drop:
            delattr(data, tag)
        change(data)
        save(f"odd_{name}.dcm", data)
        expect(f"odd_{name}.dcm", shades, 65535, what, compare=compare and list(compare))
    add("frames_0", "0 frames are one", NumberOfFrames="0")
    add("slope_0", "a slope of 0 counts for none", RescaleSlope="0", RescaleIntercept="-1000")
    def commas(data):
        data.add_new(0x00281050, "LO", "2048,5")
        data.add_new(0x00281051, "LO", "4095,5")
    add("commas", "decimal commas", linear(TWELVE, 2048.5, 4095.5), commas, compare=None)
    add("width_under_1", "a window of less than 1 does not count", minmax(TWELVE), WindowWidth="0.5", compare=None)
    add("lower_case", "lower case", change=lambda data: data.add_new(0x00280004, "CS", "monochrome2"))
    data = data_set((TWELVE * 16).astype("<u2"), 16, WindowCenter="32768", WindowWidth="65536")
    del data.BitsStored, data.HighBit
    save("odd_no_bits_stored.dcm", data)
    expect("odd_no_bits_stored.dcm", linear(TWELVE * 16.0, 32768, 65536), 65535, "Bits Stored is missing")
    def unknown(data):
        data.add_new(0x00281052, "DS", "-500")
        data.add_new(0x00281053, "LO", "0,5")
    add("slope_comma", "a slope with a decimal comma", linear(TWELVE * 0.5 - 500, 2048, 4096), unknown, compare=None)


def headers():
    """The same picture without what a file should begin with."""
    right, what = linear(TWELVE, 2000, 3000), "without its preamble or meta header"
    for kind, syntax in (("implicit", ImplicitVRLittleEndian), ("explicit", ExplicitVRLittleEndian), ("big", ExplicitVRBigEndian)):
        data = data_set(TWELVE.astype(">u2") if kind == "big" else TWELVE, 12, syntax, WindowCenter=2000, WindowWidth=3000)
        save("whole.dcm", data)
        whole = open(path("whole.dcm"), "rb").read()
        os.remove(path("whole.dcm"))
        start = 132 + 12 + int.from_bytes(whole[140:144], "little")
        parts = {f"no_header_{kind}": whole[start:], f"no_syntax_{kind}": whole[:132] + whole[start:], f"no_preamble_{kind}": whole[132:]}
        if kind == "implicit":
            parts["only_letters"] = whole[128:]
            stated = b"\x02\0\x10\0UI\x12\0" + b"1.2.840.10008.1.2\0"
            assert stated in whole
            parts["wrong_syntax"] = whole.replace(stated, b"\x02\0\x10\0UI\x14\0" + b"1.2.840.10008.1.2.1\0")
        for name, content in parts.items():
            with open(path(f"{name}.dcm"), "wb") as file:
                file.write(content)
            expect(f"{name}.dcm", right, 65535, what)


def other_types():
    wide = (TWELVE.astype("<u4") * 70001)
    save("bits_32.dcm", data_set(wide, 32))
    expect("bits_32.dcm", minmax(wide), 65535, "32 bits", compare=["+Wm"])
    signed = (wide.astype("<i8") - 2 ** 27).astype("<i4")
    save("bits_32_signed.dcm", data_set(signed, 32, RescaleSlope="0.5", RescaleIntercept="10", WindowCenter="0", WindowWidth="100000000"))
    expect("bits_32_signed.dcm", linear(signed * 0.5 + 10, 0, 1e8), 65535, "32 bits, signed", compare=["+Wi", "1"])
    save("bits_32_big_words.dcm", data_set(wide.astype(">u4"), 32, ExplicitVRBigEndian))
    expect("bits_32_big_words.dcm", minmax(wide), 65535, "32 bits, big endian, high word first")
    data = data_set(wide, 32, ExplicitVRBigEndian)
    data.PixelData = np.frombuffer(wide.tobytes(), "<u2").byteswap().tobytes()
    save("bits_32_big_low_first.dcm", data)
    expect("bits_32_big_low_first.dcm", minmax(wide), 65535, "32 bits, big endian, low word first", compare=["+Wm"])
    for name, kind, tag, vr in (("float", "<f4", 0x7FE00008, "OF"), ("double", "<f8", 0x7FE00009, "OD")):
        values = (TWELVE / 7.0 - 100).astype(kind)
        data = data_set(values, 8 * values.dtype.itemsize)
        del data.PixelData, data.BitsStored, data.HighBit, data.PixelRepresentation
        data.add_new(tag, vr, values.tobytes())
        save(f"{name}.dcm", data)
        expect(f"{name}.dcm", minmax(values), 65535, f"{name} pixel data")
    bits = (TWELVE[:19] % 3 == 0).astype("u1")
    frames = np.stack([bits, 1 - bits, bits[::-1]])
    packed = np.packbits(frames.ravel(), bitorder="little").tobytes()
    packed += b"\0" * (len(packed) % 2)
    for name, syntax in (("bits_1", ExplicitVRLittleEndian), ("bits_1_big", ExplicitVRBigEndian)):
        data = data_set(frames, 1, syntax, BitsAllocated=1)
        data.PixelData = packed if name == "bits_1" else np.frombuffer(packed, "<u2").byteswap().tobytes()
        save(f"{name}.dcm", data)
        expect(f"{name}.dcm", frames.astype(float), 255, "1 bit, frames that start within a byte", 0, compare=["+Wm"] if name == "bits_1" else None)


def segments(copied):
    """Palettes in segments: discrete entries, ramps, and a copy of an earlier segment, which pydicom 2.3 reads elsewhere."""
    data = data_set(EIGHT, 8, PhotometricInterpretation="PALETTE COLOR")
    tables = []
    for index, top in enumerate((65535, 40000, 1000)):
        codes = [0, 1, 0, 1, 127, top, 0, 2, 500, 700, 1, 60, 100]
        table = [*np.round(top * np.arange(128) / 127), 500, 700, *(700 - 10 * np.arange(1, 61))]
        if copied:
            codes += [2, 1, 12, 0]  # one segment from byte 12 on
            table += [500, 700]
        codes += [1, 5, 0]
        table += list(np.round(table[-1] * (1 - np.arange(1, 6) / 5)))
        data.add_new(0x00281101 + index, "US", [len(table), 0, 16])
        data.add_new(0x00281221 + index, "OW", np.array(codes, "<u2").tobytes())
        tables.append(np.array(table))
    name = "palette_segments_copied.dcm" if copied else "palette_segments.dcm"
    save(name, data)
    index = np.minimum(EIGHT, len(tables[0]) - 1)
    shown = np.stack([table[index] for table in tables], -1)
    expect(name, shown / 65535, 65535, "a palette in segments")
    if not copied:
        other = pydicom.pixel_data_handlers.util.apply_color_lut(EIGHT, pydicom.dcmread(path(name)))
        assert np.abs(other - shown).max() <= 1


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for make in (functional_groups, big_endian, other_precision, high_throughput, lossless, padding, oddities, headers, other_types):
        make()
    segments(False)
    segments(True)
    write_index("dicom.json")


main()
