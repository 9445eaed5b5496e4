#!/usr/bin/python3
"""Makes WebP and BMP files of every kind, with their right pixels by Pillow, in test/data_files/field_images:

    /usr/bin/python3 test/golden/field_bitmap.py

Needs Debian's python3-pil and python3-skimage.
"""

import os
import struct
import sys

sys.dont_write_bytecode = True

import numpy as np
import skimage.data
from PIL import Image

from field_store import expect_levels, path, write_index

COLOURS = Image.fromarray(np.ascontiguousarray(skimage.data.chelsea()[60:97, 180:223]))
GRAY = Image.fromarray(np.ascontiguousarray(skimage.data.camera()[80:117, 200:243]))


def expect(name, what, largest=255):
    image = Image.open(path(name))
    gray = image.mode in ("1", "L")
    expect_levels(name, np.asarray(image.convert("L" if gray else "RGB")), largest, what, 0)


def webp():
    for name, options in (("lossy", {"quality": 80}), ("lossless", {"lossless": True})):
        COLOURS.save(path(f"webp_{name}.webp"), **options)
        clear = COLOURS.convert("RGBA")
        clear.putalpha(128)
        clear.save(path(f"webp_{name}_alpha.webp"), **options)
        for file in (f"webp_{name}.webp", f"webp_{name}_alpha.webp"):
            expect(file, f"WebP, {name}")


def write(name, bits, compression, pixels, table=b""):
    """A file of the usual header, a palette or masks, and rows from the bottom."""
    colours = len(table) // 4 if bits <= 8 else 0
    header = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 54 + len(table) + len(pixels), 0, 54 + len(table), 40, 43, 37, 1, bits, compression,
                         len(pixels), 0, 0, colours, 0)
    with open(path(name), "wb") as file:
        file.write(header + table + pixels)


def runs(rows):
    """Runs of equal indices, some given one by one."""
    out = b""
    for row in rows.astype("u1"):
        row = row.tobytes()
        out += bytes([0, 5]) + row[:5] + b"\0"
        for start in range(5, len(row)):
            out += bytes([1, row[start]])
        out += b"\0\0"
    return out + b"\0\1"


def bmp():
    GRAY.save(path("bmp_gray.bmp"))
    GRAY.convert("1").save(path("bmp_1.bmp"))
    COLOURS.save(path("bmp_24.bmp"))
    COLOURS.convert("RGBA").save(path("bmp_32.bmp"))
    COLOURS.quantize(200).save(path("bmp_palette.bmp"))
    few = COLOURS.quantize(16)
    indices, palette = np.asarray(few), bytes(few.getpalette()[:48])
    table = b"".join(bytes([palette[i + 2], palette[i + 1], palette[i], 0]) for i in range(0, 48, 3))
    padded = np.pad(indices, ((0, 0), (0, 5)))[::-1]
    write("bmp_palette_4.bmp", 4, 0, (padded[:, ::2] << 4 | padded[:, 1::2]).astype("u1").tobytes(), table)
    write("bmp_runs_8.bmp", 8, 1, runs(indices[::-1]), table)
    red, green, blue = np.asarray(COLOURS).astype("<u2").transpose(2, 0, 1)[:, ::-1]
    pad = ((0, 0), (0, 1))
    write("bmp_555.bmp", 16, 0, np.pad(red >> 3 << 10 | green >> 3 << 5 | blue >> 3, pad).tobytes())
    masks = b"".join(mask.to_bytes(4, "little") for mask in (0xF800, 0x7E0, 0x1F))
    write("bmp_565.bmp", 16, 3, np.pad(red >> 3 << 11 | green >> 2 << 5 | blue >> 3, pad).tobytes(), masks)
    # Rows from the top: the height is negative.
    plain = open(path("bmp_24.bmp"), "rb").read()
    stride = (43 * 3 + 3) // 4 * 4
    rows = [plain[54 + stride * y:54 + stride * (y + 1)] for y in range(37)]
    with open(path("bmp_top_down.bmp"), "wb") as file:
        file.write(plain[:22] + (-37).to_bytes(4, "little", signed=True) + plain[26:54] + b"".join(reversed(rows)))
    for name in ("gray", "1", "24", "32", "palette", "palette_4", "runs_8", "565", "555", "top_down"):
        expect(f"bmp_{name}.bmp", f"BMP, {name}")


webp()
bmp()
write_index("bitmap.json")
