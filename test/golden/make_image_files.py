#!/usr/bin/python3
"""Makes the files in test/data_files/images: `/usr/bin/python3 test/golden/make_image_files.py`.

None of them is written by this project. Pictures are scikit-image's `camera` and `chelsea` (both in the public
domain), cut small, and the files that come with pydicom for its own tests (MIT licence); PNG and JPEG files are
written by ImageMagick, compressed DICOM files by dcmtk, GDCM and OpenJPEG, those with unusual data elements by pydicom,
NIfTI files by nibabel. Run images_decoded.py afterwards.

Needs Debian's imagemagick, dcmtk, libgdcm-tools, libopenjp2-tools, python3-pydicom,
python3-skimage and python3-nibabel. Their own
random identifiers change the DICOM files of each run, but not a pixel.
"""

import os
import shutil
import subprocess
import tempfile

import nibabel
import numpy as np
import pydicom
import skimage.data
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data_files", "images")
PYDICOM = os.path.join(os.path.dirname(pydicom.__file__), "data", "test_files")

# Copied as they are: name here, name there.
COPIES = [
    ("dicom_explicit", "MR_small.dcm"),
    ("dicom_implicit", "MR_small_implicit.dcm"),
    ("dicom_big_endian", "MR_small_bigendian.dcm"),
    ("dicom_big_endian_colours", "ExplVR_BigEnd.dcm"),
    ("dicom_deflated", "image_dfl.dcm"),
    ("dicom_rle", "MR_small_RLE.dcm"),
    ("dicom_rle_two_frames", "SC_rgb_rle_2frame.dcm"),
    ("dicom_rle_16_bit_colours", "SC_rgb_rle_16bit_2frame.dcm"),
    ("dicom_jpeg_2000", "MR_small_jp2klossless.dcm"),
    ("dicom_jpeg_2000_lossy", "693_J2KI.dcm"),
    ("dicom_jpeg_2000_boxed", "GDCMJ2K_TextGBR.dcm"),
    ("dicom_jpeg_ls", "MR_small_jpeg_ls_lossless.dcm"),
    ("dicom_jpeg_rgb", "SC_jpeg_no_color_transform.dcm"),
    ("dicom_jpeg_rgb_marked", "SC_jpeg_no_color_transform_2.dcm"),
    ("dicom_jpeg_rgb_dcmtk", "SC_rgb_dcmtk_+eb+cr.dcm"),
    ("dicom_jpeg_422", "SC_rgb_dcmtk_+eb+cy+s2.dcm"),
    ("dicom_jpeg_411", "SC_rgb_dcmtk_+eb+cy+n1.dcm"),
    ("dicom_jpeg_odd_size", "SC_rgb_small_odd_jpeg.dcm"),
    ("dicom_jpeg_lossless_colours", "SC_rgb_jpeg_gdcm.dcm"),
    ("dicom_ybr_422", "SC_ybr_full_422_uncompressed.dcm"),
    ("dicom_planar_odd_size", "SC_rgb_small_odd.dcm"),
    ("dicom_no_window", "CT_small.dcm"),
    ("dicom_monochrome1", "dicomdirtests/77654033/CR1/6154"),
    ("refused_dicom_cut", "MR_truncated.dcm"),
    ("refused_dicom_no_pixels", "test-SR.dcm"),
]

# ImageMagick's arguments for PNG files, by their picture: gray, colours.
PNG = {
    "gray_1": ("gray", "-monochrome -define png:color-type=0 -define png:bit-depth=1"),
    "gray_2": ("gray", "-colors 4 -posterize 4 -define png:color-type=0 -define png:bit-depth=2"),
    "gray_4": ("gray", "-posterize 16 -define png:color-type=0 -define png:bit-depth=4"),
    "gray_8": ("gray", "-depth 8 -define png:color-type=0 -define png:bit-depth=8"),
    "gray_16": ("gray", "-blur 0x2 -depth 16 -define png:color-type=0 -define png:bit-depth=16"),
    "gray_alpha": ("gray", "-depth 8 -alpha set -channel A -evaluate set 40% -define png:color-type=4"),
    "gray_interlaced": ("gray", "-depth 8 -interlace PNG -define png:color-type=0"),
    "gray_2_interlaced": ("gray", "-posterize 4 -interlace PNG -define png:color-type=0 -define png:bit-depth=2"),
    "gray_16_interlaced": ("gray", "-blur 0x2 -depth 16 -interlace PNG -define png:color-type=0 -define png:bit-depth=16"),
    "rgb_8": ("colours", "-depth 8 -define png:color-type=2"),
    "rgb_16": ("colours", "-blur 0x2 -depth 16 -define png:color-type=2 -define png:bit-depth=16"),
    "rgb_interlaced": ("colours", "-depth 8 -interlace PNG -define png:color-type=2"),
    "rgba": ("colours", "-depth 8 -alpha set -channel A -evaluate set 70% -define png:color-type=6"),
    "rgba_16": ("colours", "-blur 0x2 -depth 16 -alpha set -channel A -evaluate set 70% -define png:color-type=6"),
    "palette_8": ("colours", "-colors 200 -define png:color-type=3"),
    "palette_4": ("colours", "-colors 16 -define png:color-type=3 -define png:bit-depth=4"),
    "palette_2_interlaced": ("colours", "-colors 4 -interlace PNG -define png:color-type=3 -define png:bit-depth=2"),
}
JPEG = {
    "jpeg_gray": ("gray", "-quality 90"),
    "jpeg_gray_progressive": ("gray", "-quality 80 -interlace JPEG"),
    "jpeg_444": ("colours", "-quality 90 -sampling-factor 1x1"),
    "jpeg_420": ("colours", "-quality 75 -sampling-factor 2x2"),
    "jpeg_progressive": ("colours", "-quality 85 -interlace JPEG -sampling-factor 2x1"),
}

# Compressed from dicom_12_bit (gray, 12 bits stored) and dicom_rgb by dcmtk and GDCM.
COMPRESSED = [
    ("dicom_12_bit_jpeg_lossless", "dicom_12_bit", "dcmcjpeg +e1"),
    *[(f"dicom_12_bit_jpeg_lossless_{sv}", "dicom_12_bit", f"dcmcjpeg +el +sv {sv}") for sv in range(1, 8)],
    ("dicom_12_bit_jpeg_lossless_fragments", "dicom_12_bit", "dcmcjpeg +e1 +fs 1 -ot"),
    ("dicom_12_bit_jpeg_lossless_gdcm", "dicom_12_bit", "gdcmconv --jpeg"),
    ("dicom_12_bit_jpeg_ls", "dicom_12_bit", "dcmcjpls"),
    ("dicom_12_bit_jpeg_ls_lossy", "dicom_12_bit", "dcmcjpls +en +md 3"),
    ("dicom_12_bit_jpeg_ls_gdcm", "dicom_12_bit", "gdcmconv --jpegls"),
    ("dicom_12_bit_jpeg_2000", "dicom_12_bit", "gdcmconv --j2k"),
    ("dicom_12_bit_rle", "dicom_12_bit", "dcmcrle"),
    ("dicom_12_bit_big_endian", "dicom_12_bit", "dcmconv +tb"),
    ("dicom_12_bit_deflated", "dicom_12_bit", "dcmconv +td"),
    ("dicom_jpeg_gray", "dicom_8_bit", "dcmcjpeg +eb"),
    ("dicom_jpeg_extended", "dicom_8_bit", "dcmcjpeg +ee +be"),
    ("dicom_8_bit_jpeg_lossless", "dicom_8_bit", "dcmcjpeg +e1"),
    ("dicom_rgb_jpeg_ls_line", "dicom_rgb", "dcmcjpls +il"),
    ("dicom_rgb_jpeg_ls_sample", "dicom_rgb", "dcmcjpls +is"),
    ("dicom_rgb_jpeg_ls_planes", "dicom_rgb", "dcmcjpls +in"),
    ("dicom_rgb_jpeg_2000", "dicom_rgb", "gdcmconv --j2k"),
    ("dicom_rgb_jpeg_2000_tiles", "dicom_rgb", "gdcmconv --j2k --tile 32,32"),
    ("dicom_rgb_rle", "dicom_rgb", "dcmcrle"),
    ("dicom_rgb_planar", "dicom_rgb", "gdcmconv --raw --planar-configuration 1"),
    ("dicom_frames_jpeg_lossless_fragments", "dicom_frames", "dcmcjpeg +e1 +fs 1"),
    ("dicom_frames_jpeg_lossless_no_table", "dicom_frames", "dcmcjpeg +e1 +fs 1 -ot"),
    ("dicom_frames_jpeg_2000", "dicom_frames", "gdcmconv --j2k"),
    ("dicom_frames_rle", "dicom_frames", "dcmcrle"),
]


def run(command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def path(name):
    return os.path.join(FOLDER, name)


def gray():
    return np.ascontiguousarray(skimage.data.camera()[80:141, 200:271])


def colours():
    return np.ascontiguousarray(skimage.data.chelsea()[60:121, 180:251])


def write_pictures(folder):
    for name, picture, kind in (("gray", gray(), "GRAY"), ("colours", colours(), "RGB")):
        raw = os.path.join(folder, name)
        picture.tofile(raw + ".raw")
        size = f"{picture.shape[1]}x{picture.shape[0]}"
        run(["convert", "-size", size, "-depth", "8", f"{kind}:{raw}.raw", raw + ".miff"])
    for names, ending in ((PNG, "png"), (JPEG, "jpg")):
        for name, (picture, arguments) in names.items():
            source = os.path.join(folder, picture + ".miff")
            prefix = "" if ending == "jpg" else "png_"
            run(["convert", source, *arguments.split(), "-strip", path(f"{prefix}{name}.{ending}")])


def make_dicom(name, pixels, bits, elements={}, **more):
    """A data set of pydicom's, explicit little endian; what is not given is as a plain gray or RGB image has it."""
    data = pydicom.dcmread(os.path.join(PYDICOM, "CT_small.dcm"))
    for tag in list(data.keys()):
        if tag.group not in (0x0008, 0x0020) or tag.is_private:
            del data[tag]
    data.PatientID, data.PatientName, data.ViewPosition = "vqray-1", "None", "AP"
    is_colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    data.SamplesPerPixel = 3 if is_colour else 1
    data.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    if is_colour:
        data.PlanarConfiguration = 0
    elif pixels.ndim == 3:
        data.NumberOfFrames = pixels.shape[0]
    data.Rows, data.Columns = pixels.shape[:2] if is_colour else pixels.shape[-2:]
    data.BitsAllocated, data.BitsStored, data.HighBit = 8 * pixels.dtype.itemsize, bits, bits - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    data.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    data["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for key, value in {**elements, **more}.items():
        if isinstance(key, int):
            data.add_new(key, *value)
        else:
            setattr(data, key, value)
    data.save_as(path(name + ".dcm"), write_like_original=False)


def table(entries, first, bits, signed=False):
    item = Dataset()
    item.add_new(0x00283002, "SS" if signed else "US", [len(entries), first, bits])
    item.add_new(0x00283006, "OW", np.asarray(entries, "<u2").tobytes())
    return item


def write_dicom():
    twelve = gray().astype("<u2") * 16 + np.arange(gray().size, dtype="<u2").reshape(gray().shape) % 16
    signed = twelve.astype("<i2") - 2048
    scaling = {"RescaleSlope": "1.5", "RescaleIntercept": "-1000", "WindowCenter": ["2100", "300"],
               "WindowWidth": ["3200.5", "50"]}
    make_dicom("dicom_12_bit", twelve, 12, **scaling)
    make_dicom("dicom_8_bit", gray(), 8)
    make_dicom("dicom_rgb", colours(), 8)
    make_dicom("dicom_frames", np.stack([twelve, twelve[::-1], twelve[:, ::-1]]), 12)
    make_dicom("dicom_signed_12_bit", signed, 12, WindowCenter="-300", WindowWidth="2000")
    make_dicom("dicom_high_bit_15", twelve * 16 + 3, 12, HighBit=15, WindowCenter="2000", WindowWidth="3000")
    make_dicom("dicom_monochrome1_window", twelve, 12, PhotometricInterpretation="MONOCHROME1", **scaling)
    make_dicom("dicom_window_of_1", twelve, 12, WindowCenter="2000", WindowWidth="1")
    make_dicom("dicom_window_of_0", twelve, 12, WindowCenter="2000", WindowWidth="0")
    make_dicom("dicom_sigmoid", twelve, 12, **scaling, VOILUTFunction="SIGMOID")
    make_dicom("dicom_linear_exact", twelve, 12, **scaling, VOILUTFunction="LINEAR_EXACT")
    curve = np.round(65535 * (np.arange(3000) / 2999) ** 0.6)
    make_dicom("dicom_voi_table", twelve, 12, VOILUTSequence=[table(curve, 500, 16)])
    curve = np.round(1023 * (np.arange(2000) / 1999) ** 2)
    make_dicom("dicom_voi_table_signed", signed, 12, VOILUTSequence=[table(curve, -1000, 10, True)])
    make_dicom("dicom_modality_table", twelve, 12, WindowCenter="2000", WindowWidth="3500",
               ModalityLUTSequence=[table(4095 - np.arange(4096), 0, 16)])
    palette = {}
    for index in range(3):
        ramp = 65535 * (np.arange(256) / 255) ** (0.5 + index / 2)
        palette[0x00281101 + index] = ("US", [256, 0, 16])
        palette[0x00281201 + index] = ("OW", np.round(ramp).astype("<u2").tobytes())
    make_dicom("dicom_palette", gray(), 8, palette, PhotometricInterpretation="PALETTE COLOR")
    make_dicom("dicom_ybr_full", colours(), 8, PhotometricInterpretation="YBR_FULL")


def compress():
    for name, source, command in COMPRESSED:
        program, *arguments = command.split()
        run([program, *arguments, path(source + ".dcm"), path(name + ".dcm")])
    compress_with_other_sign()


def compress_with_other_sign():
    """Negative numbers are compressed as if they were large ones, and only the data set says what they are."""
    data = pydicom.dcmread(path("dicom_signed_12_bit.dcm"))
    with tempfile.TemporaryDirectory() as folder:
        raw, packed = os.path.join(folder, "raw.rawl"), os.path.join(folder, "packed.j2k")
        (data.pixel_array & 0xFFF).astype("<u2").tofile(raw)
        run(["opj_compress", "-i", raw, "-o", packed, "-F", f"{data.Columns},{data.Rows},1,12,u"])
        with open(packed, "rb") as file:
            data.PixelData = encapsulate([file.read()])
    data["PixelData"].is_undefined_length = True
    data.file_meta.TransferSyntaxUID = JPEG2000Lossless
    data.save_as(path("dicom_jpeg_2000_other_sign.dcm"))


def write_nifti():
    z, y, x = np.mgrid[0:5, 0:19, 0:23]
    values = (gray()[y + 3 * z, x + 5 * z]).transpose(2, 1, 0)
    for name, array, change in (
        ("uint8", values, {}),
        ("int16_scaled", values.astype("<i2") * 100 - 5000, {"slope": 0.25, "inter": 40.0}),
        ("float32_nan", np.where(values < 30, np.nan, values / 7).astype("<f4"), {}),
        ("big_endian", values.astype(">u2") * 200, {}),
        ("display_range", values.astype("<f8"), {"cal_min": 50.0, "cal_max": 180.0}),
        ("time_series", np.stack([values, 255 - values], -1), {}),
    ):
        is_big = array.dtype.byteorder == ">"
        image = nibabel.Nifti1Image(array, np.diag([2.0, 2.0, 3.0, 1.0]), nibabel.Nifti1Header(endianness=">" if is_big else "<"))
        image.header.set_data_dtype(array.dtype)
        if "slope" in change:
            image.header.set_slope_inter(change["slope"], change["inter"])
        for key in ("cal_min", "cal_max"):
            image.header[key] = change.get(key, 0)
        save_raw(image, array, path(f"nifti_{name}.nii"))
    nibabel.save(nibabel.Nifti2Image(values, np.eye(4)), path("nifti_2.nii"))
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path("nifti_packed.nii.gz"))


def save_raw(image, array, name):
    """The header with its slope as it was set, which nibabel's own saving would replace, and the stored values."""
    header = image.header.copy()
    header["magic"], header["vox_offset"] = b"n+1", 352
    with open(name, "wb") as file:
        file.write(header.binaryblock + b"\0" * 4 + array.tobytes(order="F"))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(folder)
    for name, source in COPIES:
        shutil.copyfile(os.path.join(PYDICOM, source), path(name + ".dcm"))
    write_dicom()
    compress()
    write_nifti()


main()
